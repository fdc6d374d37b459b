"""docker/Caddyfile in front of a web node."""

import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.acceptance.brokers import program
from tests.acceptance.running_site import free_port
from webapp.core.environment import ROOT


class Node(BaseHTTPRequestHandler):
    """Answers with the number that the request has."""

    def do_GET(self):
        said = self.headers.get("X-Request-ID", "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def node():
    with ThreadingHTTPServer(("127.0.0.1", 0), Node) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(node, tmp_path):
    """Caddy without TLS, in front of the node."""
    port = free_port()
    text = (ROOT / "docker/Caddyfile").read_text()
    text, found = re.subn(r"dynamic a web 8000 \{.*?\}", f"to 127.0.0.1:{node}", text, flags=re.S)
    assert found == 1
    (tmp_path / "Caddyfile").write_text(text.replace("{\n", "{\n\tadmin off\n", 1))
    told = {"SITE_HOST": f"http://127.0.0.1:{port}", "MAX_BODY": "2049MiB", "HOME": str(tmp_path), "PATH": "/usr/bin"}
    command = [program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    with (tmp_path / "log").open("wb") as log:
        caddy = subprocess.Popen(command, cwd=tmp_path, env=told, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        caddy.terminate()
        caddy.wait(30)


def number_of_a_request(address, seconds=30.0):
    request = urllib.request.Request(address, headers={"X-Request-ID": "forged-number"})
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_request_gets_its_number_from_the_proxy_and_not_from_its_client(proxy):
    numbers = {number_of_a_request(proxy) for _ in range(2)}
    assert len(numbers) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", number) for number in numbers), numbers
