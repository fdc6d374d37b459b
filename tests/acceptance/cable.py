"""A cable between the browser and the test's server that a test can unplug.

The browser's own offline mode ends for a moment when a page is loaded again, long enough to send an answer.
"""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

POLL = 0.05  # seconds between two looks at whether the cable is plugged in


class Cable:
    """Carries TCP connections from `url` to a server while it is plugged in; unplugging breaks them."""

    def __init__(self, server: str) -> None:
        self._server = (urlsplit(server).hostname, urlsplit(server).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._plugged_in, self._closed = True, False
        self._threads = [threading.Thread(target=self._listen)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads[0].start()

    def unplug(self) -> None:
        """Break all connections and take no other."""
        self._plugged_in = False
        for thread in self._threads[1:]:
            thread.join()

    def plug_in(self) -> None:
        self._plugged_in = True

    def close(self) -> None:
        self._closed = True
        self.unplug()
        self._threads[0].join()

    def _listen(self) -> None:
        with closing(self._listener):
            while not self._closed:
                if not select.select([self._listener], [], [], POLL)[0]:
                    continue
                near, _ = self._listener.accept()
                if self._plugged_in:
                    self._threads.append(threading.Thread(target=self._carry, args=[near]))
                    self._threads[-1].start()
                else:
                    near.close()

    def _carry(self, near: socket.socket) -> None:
        with closing(near), closing(socket.create_connection(self._server)) as far:
            other = {near: far, far: near}
            while self._plugged_in:
                for end in select.select([near, far], [], [], POLL)[0]:
                    try:
                        data = end.recv(2**16)
                        other[end].sendall(data)
                    except OSError:
                        return
                    if not data:
                        return


@contextmanager
def cable(server: str) -> Iterator[Cable]:
    """Lay a cable to a server for the length of a test."""
    line = Cable(server)
    try:
        yield line
    finally:
        line.close()
