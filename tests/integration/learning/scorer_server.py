"""A real HTTP server that scores subjects, checks signatures, and misbehaves when told to."""

import base64
import hashlib
import hmac
import io
import json
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

SECRET = "a secret of the telescope"


def brightness(pixels):
    """Return a probability by how bright the centre of (n, F, C, H, W) is."""
    side = pixels.shape[-1] // 2
    centre = pixels[..., side - 2 : side + 3, side - 2 : side + 3].mean(axis=(1, 2, 3, 4))
    return 1 / (1 + np.exp(-(centre - 6)))


now = time.time
"""The server's clock."""


class Scorer:
    """What the server does, and what it was asked."""

    def __init__(self):
        self.address, self.version, self.requests, self.forged = "", "1.0", [], 0
        self.misbehave = None  # a function (number of the request, answer) -> (status, body)

    def handle(self, headers, body):
        stamp = headers["X-Wanderers-Timestamp"]
        expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        if headers["X-Wanderers-Signature"] != f"sha256={expected}" or abs(now() - int(stamp)) > 300:
            self.forged += 1
            return 401, b""
        asked = json.loads(body)
        pixels = np.load(io.BytesIO(base64.b64decode(asked["pixels"])), allow_pickle=False)
        self.requests.append(asked | {"pixels": pixels})
        answer = {"version": self.version, "p_real": brightness(pixels).tolist()}
        if self.misbehave is not None:
            return self.misbehave(len(self.requests), answer)
        return 200, json.dumps(answer).encode()


def late(number, answer):
    """Misbehave by answering after half a second."""
    time.sleep(0.5)
    return 200, json.dumps(answer).encode()


def certificate(folder, name):
    """Write a self-signed certificate for a host name, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = timezone.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return path


@contextmanager
def running(certified=None):
    """Run the server on a free port of this machine; by HTTPS if there is a certificate."""
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
        if certified is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certified)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        place = "http://127.0.0.1" if certified is None else "https://localhost"
        scorer.address = f"{place}:{server.server_port}/score"
        try:
            yield scorer
        finally:
            server.shutdown()
            thread.join()
