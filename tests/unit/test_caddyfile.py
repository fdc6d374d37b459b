"""docker/Caddyfile in front of a web node: what it passes on, and what it refuses."""

import http.client
import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.acceptance.brokers import program
from tests.acceptance.running_site import free_port
from webapp.core.environment import ROOT

LARGEST = 2**16
SENT = {"Permissions-Policy": "camera=()", "Content-Security-Policy": "default-src 'self'", "Cache-Control": "private"}


class Node(BaseHTTPRequestHandler):
    """Answers with the headers that a request has, and the length of its body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(0)

    def do_POST(self):
        announced = int(self.headers.get("Content-Length", 2 * LARGEST))
        if len(self.rfile.read(announced)) == announced:
            self.answer(announced)

    def answer(self, length):
        said = json.dumps({"headers": dict(self.headers), "length": length, "filler": "x" * 4096}).encode()
        self.server.lengths.append(length)
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Content-Type", "application/json")
        for name, value in SENT.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def node():
    with ThreadingHTTPServer(("127.0.0.1", 0), Node) as server:
        server.lengths = []
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def port(node, tmp_path_factory):
    """The port of Caddy in front of the node."""
    with caddy(tmp_path_factory.mktemp("caddy"), node.server_port) as port:
        yield port


@contextmanager
def caddy(folder, *nodes):
    """Run Caddy without TLS in front of nodes at these ports; yield its own."""
    port = free_port()
    text = (ROOT / "docker/Caddyfile").read_text()
    to = " ".join(f"127.0.0.1:{node}" for node in nodes)
    text, found = re.subn(r"dynamic a web 8000 \{.*?\}", f"to {to}", text, flags=re.S)
    assert found == 1
    (folder / "Caddyfile").write_text(text.replace("{\n", "{\n\tadmin off\n", 1))
    told = {"SITE_HOST": f"http://127.0.0.1:{port}", "MAX_BODY": str(LARGEST), "HOME": str(folder), "PATH": "/usr/bin"}
    command = [program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=told, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port, seconds=30.0):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return asked(port)
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def asked(port, body=None, **headers):
    """Return the node's answer, and what it was sent."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", body, {k.replace("_", "-"): v for k, v in headers.items()}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, json.load(answer)


def status(port, *, body=None, **headers):
    """Return the status of the answer, also where the proxy closes the connection in the middle of the body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST" if body else "GET", "/", body, {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse().status


def test_a_request_gets_its_number_from_the_proxy_and_not_from_its_client(port):
    numbers = {asked(port, X_Request_ID="forged-number")[1]["headers"]["X-Request-Id"] for _ in range(2)}
    assert len(numbers) == 2
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", number) for number in numbers), numbers


def test_a_client_cannot_forge_its_address_by_which_the_site_limits_its_requests(port):
    sent = asked(port, X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="https", X_Forwarded_Host="evil.org")[1][
        "headers"
    ]
    assert sent["X-Forwarded-For"] == "127.0.0.1"
    assert sent["X-Forwarded-Proto"] == "http", "the site takes https for encrypted"
    assert "evil.org" not in sent.values()
    assert sent["Host"] == f"127.0.0.1:{port}"


def test_a_body_up_to_the_limit_arrives_and_a_larger_one_does_not(port, node):
    assert asked(port, b"x" * LARGEST)[1]["length"] == LARGEST
    before = len(node.lengths)
    for body in (b"x" * (LARGEST + 1), iter([b"x" * LARGEST, b"x"])):
        assert status(port, body=body) in (413, 502), "Caddy 2.6 says 502"
        assert node.lengths[before:] == []
        assert status(port) == 200, "nobody else has to wait for the node after it"
        before += 1


def test_an_upload_that_breaks_off_takes_no_node_from_the_others(port):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 60000\r\n\r\n".encode())
            client.sendall(b"x" * 1000)
        time.sleep(0.2)
        assert status(port) == 200


def test_a_node_that_does_not_answer_is_passed_over(node, tmp_path):
    with caddy(tmp_path, node.server_port, free_port()) as port:
        assert [status(port) for _ in range(6)] == [200] * 6


def test_headers_are_limited_too(port):
    assert status(port, Cookie="x" * 4096) == 200
    assert status(port, Cookie="x" * 2**17) == 431


def test_the_sites_headers_arrive_as_they_are_and_text_is_compressed(port):
    headers, _ = asked(port)
    assert {name: headers[name] for name in SENT} == SENT
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(answer.read()) < 4096
