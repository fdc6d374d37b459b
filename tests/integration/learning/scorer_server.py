"""A real HTTP server that scores subjects, checks signatures, and misbehaves when told to."""

import base64
import hashlib
import hmac
import io
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

SECRET = "a secret of the telescope"


def brightness(pixels):
    """Return a probability by how bright the centre of (n, F, C, H, W) is."""
    side = pixels.shape[-1] // 2
    centre = pixels[..., side - 2 : side + 3, side - 2 : side + 3].mean(axis=(1, 2, 3, 4))
    return 1 / (1 + np.exp(-(centre - 6)))


class Scorer:
    """What the server does, and what it was asked."""

    def __init__(self):
        self.address, self.version, self.requests, self.forged = "", "1.0", [], 0
        self.misbehave = None  # a function (number of the request, answer) -> (status, body)

    def handle(self, headers, body):
        stamp = headers["X-Wanderers-Timestamp"]
        expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        if headers["X-Wanderers-Signature"] != f"sha256={expected}" or abs(time.time() - int(stamp)) > 300:
            self.forged += 1
            return 401, b""
        asked = json.loads(body)
        pixels = np.load(io.BytesIO(base64.b64decode(asked["pixels"])), allow_pickle=False)
        self.requests.append(asked | {"pixels": pixels})
        answer = {"version": self.version, "p_real": brightness(pixels).tolist()}
        if self.misbehave is not None:
            return self.misbehave(len(self.requests), answer)
        return 200, json.dumps(answer).encode()


@contextmanager
def running():
    scorer = Scorer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            status, body = scorer.handle(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", scorer.address)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        scorer.address = f"http://127.0.0.1:{server.server_port}/score"
        try:
            yield scorer
        finally:
            server.shutdown()
            thread.join()
