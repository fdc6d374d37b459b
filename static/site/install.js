// Registers the service worker, so that the site can be installed and opens without a network.
navigator.serviceWorker?.register("/service-worker.js").catch(() => { /* a private window has none */ });
