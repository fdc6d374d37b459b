"""One part of the site as a systemd service: the service is up once the part responds, and restarted if it stops to.

Source: sd_notify(3). systemd kills and restarts a service that has not sent WATCHDOG=1 for WatchdogSec.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from types import FrameType

from webapp.console.processes import die_with_parent

PAUSE_SECONDS = 2.0


def notify(state: str) -> None:
    """Send a state to systemd; without systemd, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)


def run(command: list[str], responds: Callable[[], bool]) -> int:
    """Run a program until it ends, and return its exit status; tell systemd each time that it responds.

    SIGTERM and Ctrl-C stop the program, and this function waits for it.
    """
    program = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603  # our own command lines, no shell

    def stop(number: int, frame: FrameType | None) -> None:
        notify("STOPPING=1")
        program.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while program.poll() is None:
        if responds():
            notify("READY=1\nWATCHDOG=1")
        time.sleep(PAUSE_SECONDS)
    return program.returncode
