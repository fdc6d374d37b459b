"""The front under the real web server: slow clients occupy no thread, and long tables are streamed."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack

import psutil
import pytest

from tests.acceptance.running_site import ROOT, free_port
from tests.acceptance.streaming_site import FILE, ROW
from webapp.console.processes import web

DRIP = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"


class Server:
    def __init__(self, folder):
        self.port, self.journal, self.gate, self.refused = free_port(), folder / "journal", folder / "gate", ""
        command = [*web("127.0.0.1", self.port, folder).command[:-1], "tests.acceptance.streaming_site:application"]
        command[command.index("--workers") + 1] = "1"
        files = {"JOURNAL": str(self.journal), "GATE": str(self.gate)}
        environment = os.environ | files | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def is_up(self):
        return self.gets("/echo/")

    def gets(self, path, seconds=5):
        try:
            self.ask(path, seconds=seconds)
        except OSError as error:
            self.refused = repr(error)
            return False
        return True

    def ask(self, path, body=None, seconds=10, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=seconds) as reply:
            return reply.read()

    def connect(self, said):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        client.sendall(said)
        return client

    def memory(self):
        family = psutil.Process(self.process.pid).children(recursive=True)
        return sum(process.memory_info().rss for process in family)

    def wait_for(self, condition, seconds=60.0):
        deadline = time.monotonic() + seconds
        while not condition():
            said = f"The last refusal in {seconds:.0f} s: {self.refused}. The journal: {rows_made(self)}"
            assert time.monotonic() < deadline, said
            time.sleep(0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("front"))
    try:
        server.wait_for(server.is_up)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


def test_clients_that_drip_their_forms_hold_up_nobody(server):
    with ExitStack() as dripping:
        clients = [server.connect(DRIP % b"/accounts/login/") for _ in range(60)]
        for client in clients:
            dripping.enter_context(client)
            client.sendall(b"[")
        for _ in range(5):
            assert server.ask("/echo/", b"here", seconds=5) == b"here"
        assert clients[0].recv(100).startswith(b"HTTP/1.1 408")  # the front gives up, and the server goes on


def test_what_is_larger_than_a_form_may_be_is_refused(server):
    with pytest.raises(urllib.error.HTTPError, match="413"):
        server.ask("/echo/", b"x" * (4 * 2**20))
    assert server.ask("/echo/", b"x" * 2**20) == b"x" * 2**20


def test_a_body_in_chunks_of_unknown_number_has_the_same_limit(server):
    said = b"POST /echo/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 2**16 + b"\r\n"
    with server.connect(said) as client:
        for _ in range(64):
            client.sendall(chunk)
        client.sendall(b"0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")
    with server.connect(said + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") as client:
        reply = b""
        while b"abcde" not in reply:
            reply += (more := client.recv(1000))
            assert more, reply


def test_files_that_nobody_reads_hold_up_nobody(server):
    with ExitStack() as lazy:
        for _ in range(20):
            lazy.enter_context(server.connect(b"GET /file/ HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        for _ in range(5):
            assert server.ask("/echo/", b"here", seconds=5) == b"here"
    assert len(server.ask("/file/")) == FILE


def test_a_long_table_arrives_whole(server):
    assert server.ask("/long/", seconds=30) == ROW * 200_000


def rows_made(server):
    return server.journal.read_text() if server.journal.exists() else "0"


def stands_still(server):
    before = rows_made(server)
    time.sleep(1)
    return rows_made(server) == before


def test_a_table_without_end_waits_for_its_reader_and_ends_with_them(server):
    before = server.memory()
    with server.connect(b"GET /endless/ HTTP/1.1\r\nHost: localhost\r\n\r\n") as client:
        assert client.recv(2**16).startswith(b"HTTP/1.1 200")
        server.wait_for(lambda: stands_still(server))  # since nobody reads
        assert server.memory() < before + 100 * 2**20
    server.wait_for(lambda: server.journal.exists() and server.journal.read_text() == "closed")
    assert server.ask("/echo/", b"here") == b"here"


def test_slow_readers_leave_a_thread_to_others_and_further_downloads_are_refused_at_once(server):
    with server.connect(b"GET /endless/ HTTP/1.1\r\nHost: localhost\r\n\r\n") as client:
        assert client.recv(2**16).startswith(b"HTTP/1.1 200")
        for _ in range(3):
            with pytest.raises(urllib.error.HTTPError, match="503") as refused:
                server.ask("/long/", seconds=2)
            assert int(refused.value.headers["Retry-After"]) > 0
            assert refused.value.read() == b"Too many downloads are running. Try again in a minute."
        assert server.ask("/echo/", b"here", seconds=2) == b"here"
        assert len(server.ask("/file/", seconds=2)) == FILE
    server.wait_for(lambda: server.gets("/long/"))


def stuck_seconds(server, path="/health/live/"):
    said = json.loads(server.ask(path))
    assert said["status"] == "ok"
    return said["stuck_seconds"]


def test_a_server_whose_threads_are_all_busy_says_that_it_lives(server):
    begun = time.monotonic()
    with ExitStack() as busy:
        for _ in range(4):
            busy.enter_context(server.connect(b"GET /slow/ HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        server.wait_for(lambda: stuck_seconds(server) > 0)
        assert not server.gets("/echo/", seconds=1)
        first, second = stuck_seconds(server), stuck_seconds(server, "/health/live")
        assert 0 < first <= second < time.monotonic() - begun + 0.1
        server.gate.touch()
        server.wait_for(server.is_up)
    assert stuck_seconds(server) == 0
