// Opens visited pages without a network. Files that never change come from the browser's store; the front page, the classify
// pages and their guides come from the network, or as they were last seen. The site's data are never kept: answers wait in
// the page's own outbox.

const FILES = "files-1";
const PAGES = "pages-1";
const MOST_FILES = 400;
const LASTING = /^\/(static|texts)\//;
const OPENED = /^\/($|classify\/)/;

async function trim(store) {
  const keys = await store.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_FILES)).map((key) => store.delete(key)));
}

async function cacheFirst(request, event) {
  const store = await caches.open(FILES);
  const found = await store.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) event.waitUntil(store.put(request, response.clone()).then(() => trim(store)));
  return response;
}

async function networkFirst(request, event) {
  const store = await caches.open(PAGES);
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) event.waitUntil(store.put(request, response.clone()));
    return response;
  } catch (error) {
    const found = await store.match(request);
    if (found) return found;
    throw error;
  }
}

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => {
  const drop = async () => {
    for (const name of await caches.keys()) if (![FILES, PAGES].includes(name)) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(drop());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (pathname.startsWith("/accounts/") && request.method === "POST") event.waitUntil(caches.delete(PAGES)); // somebody else's pages
  if (request.method !== "GET") return;
  if (LASTING.test(pathname)) event.respondWith(cacheFirst(request, event));
  else if (OPENED.test(pathname)) event.respondWith(networkFirst(request, event));
});
