"""Servers that send or take a byte now and then: a request ends in time, although none of its reads ever does late."""

import socket
import threading
import time
from contextlib import contextmanager

import httpcore
import pytest

from webapp.core import download
from webapp.core.download import Downloader, ServerDown
from webapp.core.public_network import CheckedBackend, TooSlow
from webapp.learning import external_scorers
from webapp.learning.models import ExternalScorer
from webapp.operations import alert_ways, webhook

TIMEOUT = {"connect": 5.0, "write": 5.0, "read": 5.0, "pool": 5.0}
SECONDS = 0.6
HEADER = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


@contextmanager
def server(handle):
    """Run a server that does `handle` with each connection; yield its port."""
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            threading.Thread(target=answer, args=[connection], daemon=True).start()

    def answer(connection):
        try:
            with connection:
                connection.settimeout(10)
                handle(connection, over)
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


def drips_header(connection, over):
    connection.recv(2**16)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.02):
        connection.sendall(b"x")


def drips_body(connection, over):
    connection.recv(2**16)
    connection.sendall(HEADER)
    while not over.wait(0.02):
        connection.sendall(b"x")


def babbles(connection, over):
    connection.recv(2**16)
    while not over.is_set():
        connection.sendall(b"100 HTTP? what is that\n" * 1000)


def takes_slowly(connection, over):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    while not over.wait(0.02):
        connection.recv(512)


@contextmanager
def ends_in_time():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SECONDS + 3


@pytest.mark.parametrize(("handle", "size"), [(drips_header, 1), (drips_body, 1), (takes_slowly, 30_000_000)])
def test_a_request_and_its_answer_have_one_time_limit(handle, size):
    pool = httpcore.ConnectionPool(network_backend=CheckedBackend(lambda host, _port: host, SECONDS))
    sent = {"content": b"x" * size, "extensions": {"timeout": TIMEOUT}}
    with server(handle) as port, pool, ends_in_time(), pytest.raises(TooSlow, match="no whole answer"):
        pool.request("POST", f"http://127.0.0.1:{port}/", **sent)


def test_each_request_on_a_connection_has_its_own_time():
    longest = 3.0  # seconds, which a busy machine does not use up in one of them

    def answers(connection, over):
        while not over.is_set() and connection.recv(2**16):
            over.wait(longest / 3)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    backend = CheckedBackend(lambda host, _port: host, longest)
    with server(answers) as port, httpcore.ConnectionPool(network_backend=backend) as pool:
        for _ in range(4):
            assert pool.request("GET", f"http://127.0.0.1:{port}/").content == b"ok"


@pytest.mark.parametrize("handle", [drips_header, drips_body, babbles])
def test_an_external_scorer_is_given_up(handle, settings, monkeypatch):
    settings.PRIVATE_SCORERS = True
    monkeypatch.setattr(external_scorers, "LONGEST", SECONDS)
    monkeypatch.setattr(external_scorers, "TRIES", 1)
    with server(handle) as port, ends_in_time():
        scorer = ExternalScorer(address=f"http://127.0.0.1:{port}/", secret="s")
        with pytest.raises(external_scorers.ScorerUnavailable):
            external_scorers._post(scorer, b"{}")


def test_a_download_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LONGEST", SECONDS)
    monkeypatch.setattr(download, "TRIES", 1)
    with server(drips_header) as port, ends_in_time(), pytest.raises(ServerDown, match="TooSlow"):
        Downloader({"127.0.0.1"}, allow_private=True).download(f"http://127.0.0.1:{port}/a", tmp_path / "a", 10**9)


@pytest.mark.parametrize("handle", [drips_header, drips_body, babbles, lambda connection, over: over.wait(10)])
def test_a_webhook_that_never_answers_whole_keeps_nobody(handle, settings, monkeypatch):
    monkeypatch.setattr(webhook, "LONGEST", SECONDS)
    monkeypatch.setattr(webhook, "TIMEOUT", SECONDS)
    with server(handle) as port, ends_in_time():
        settings.ALERT_WEBHOOK = f"http://127.0.0.1:{port}/hook"
        told = alert_ways.attempt("webhook", "subject", ["line"])
    assert bool(told) == (handle is not drips_body), "an answer's body is not read"
