"""One part of the site as a service: up once it responds, and killed when it no longer does, to be started again.

What starts it again is systemd, or the restart policy of its container. Source for systemd's messages: sd_notify(3).
"""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType

from webapp.console.processes import HUNG, die_with_parent, how_it_ended
from webapp.console.watchdog import Watched, responds_or_unknown, watching
from webapp.operations import restarts


def notify(state: str) -> None:
    """Send a state to systemd; without systemd, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)


def run(part: str, name: str, command: list[str], responds: Callable[[], bool]) -> int:
    """Run a program until it ends, and return its exit status; tell systemd each time that it responds.

    SIGTERM and Ctrl-C stop the program, and this function waits for it. One that has not responded for a while is
    killed, with all that it has started. If it was not told to stop, that is noted under the name `part`, for whatever
    is started next to store.
    """
    die = partial(die_with_parent, os.getpid())
    program = subprocess.Popen(command, preexec_fn=die, start_new_session=True)  # noqa: S603  # our own
    started, stopping, hung = time.monotonic(), threading.Event(), threading.Event()

    def is_well() -> bool:
        if stopping.is_set():
            return True
        heard = responds_or_unknown(responds)
        if heard:
            notify("READY=1\nWATCHDOG=1")
        return heard

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        notify("STOPPING=1")
        program.terminate()

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)

    def kill_hung() -> None:
        hung.set()
        kill()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with watching(Watched(name, is_well, kill_hung, lambda: started)):
        status = program.wait()
    kill()
    if not stopping.is_set():
        restarts.note(part, HUNG() if hung.is_set() else how_it_ended(status))
    return status
