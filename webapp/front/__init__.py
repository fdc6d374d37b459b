"""HTTP front: reads each request whole without a thread, then lets a thread answer it."""
