"""A server that receives alerts, as Slack would."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def webhook(meanwhile=lambda: None, status=204, says=b""):
    """Yield its address, and the list of what it has received; before each response it does something else."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            read = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append(read | {"login": self.headers["Authorization"]})
            meanwhile()
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", received
    finally:
        server.shutdown()
        server.server_close()
