"""HTTP front: buffers each request without a thread, then lets a thread answer it."""
