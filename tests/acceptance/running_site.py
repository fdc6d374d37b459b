"""A site for one test: `manage.py up` as a user starts it, with its own data folder and port."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.prepared import ROOT, empty_site

PREPARE = """
from webapp.console.backup.database import restore
from webapp.console.site import prepare
restore({dump!r})
prepare(print)
"""
QUICK_UP = ("-m", "tests.acceptance.quick_up")
NOT_INHERITED = ("DATABASE_URL", "CELERY_BROKER_URL", "WANDERERS_DATA")


def free_port() -> int:
    """Return a port below those that Linux gives to clients, so that no client takes it before its server does."""
    while True:
        port = secrets.choice(range(20_000, 32_768))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def environment(data: Path, **extra: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | {"WANDERERS_DATA": str(data), "SWEEP_SECONDS": "1", "JOB_LEASE_SECONDS": "5"} | extra


def manage(data: Path, *arguments: str, seconds: float = 240, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(data, **extra), capture_output=True, text=True, timeout=seconds, check=False
    )


def _make(data: Path, dump: Path) -> None:
    made = manage(data, "shell", "-c", PREPARE.format(dump=str(dump)))
    assert made.returncode == 0, made.stderr


def prepare(data: Path, *names: str) -> None:
    """Create the database and static files of an empty site if they are missing, as a first start would."""
    data.mkdir(parents=True, exist_ok=True)
    for name in names or ("postgres", "static"):
        if not (data / name).exists():
            subprocess.run(
                ["cp", "-a", empty_site(_make) / name, data / name], check=True
            )  # with the server's own owner


class Site:
    def __init__(self, data: Path, port: int, program: tuple[str, ...] = ("manage.py",), **extra: str) -> None:
        self.data, self.port, self.extra = data, port, extra
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, *program, "up", "--port", str(port)],
            cwd=ROOT,
            env=environment(data, **extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def get(self, path: str) -> int:
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return answer.status

    def wait_until_up(self, seconds: float = 120.0, path: str = "/health/live/") -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"The site ended: {self.process.stdout.read()}")
            try:
                if self.get(path) == 200:
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError("The site did not come up.")

    def family(self) -> dict[psutil.Process, str]:
        """All processes of the site, including the database's, with their command lines."""
        commands = {process: self._command(process) for process in psutil.process_iter()}
        return {process: command for process, command in commands.items() if command}

    def _command(self, process: psutil.Process) -> str:
        """The command line of one of this site's processes; nothing for others, or one that is exiting."""
        try:
            command = " ".join(process.cmdline())
            is_ours = str(self.data) in command + str(process.environ().get("WANDERERS_DATA", ""))
            return command if is_ours and process.pid != os.getpid() else ""
        except psutil.Error:
            return ""

    def output_until(self, words: str) -> str:
        """Return the site's output up to the line with these words, once it is there."""
        output = ""
        while words not in output:
            line = self.process.stdout.readline()
            assert line, f"The site ended without “{words}”: {output}"
            output += line
        return output

    def interrupt(self) -> str:
        """Send one Ctrl-C; return the site's output."""
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=60)
        return output


@contextmanager
def running_site(
    data: Path, *, is_first_start: bool = False, program: tuple[str, ...] = ("manage.py",), **extra: str
) -> Iterator[Site]:
    """Run a site; its first start in a folder creates database and static files, unless they are copied there."""
    if not is_first_start:
        prepare(data, *(["static"] if "DATABASE_URL" in extra else []))
    site = Site(data, free_port(), program, **extra)
    try:
        site.wait_until_up()
        yield site
    finally:
        if site.process.poll() is None:
            site.interrupt()
        site.process.stdout.close()
