"""A WSGI site behind the real front: tables, one of them endless, a slow page, and an echo."""

import os
import time
from pathlib import Path

from django.apps import apps
from django.conf import settings

if not apps.ready:
    apps.populate(settings.INSTALLED_APPS)

from webapp.front.server import Front  # it knows models
from webapp.front.threads import Threads

JOURNAL = Path(os.environ.get("JOURNAL", os.devnull))
GATE = Path(os.environ.get("GATE", os.devnull))
"""A slow page waits until this file is there."""
FILE = 2**20
ROW = b"1234567,8901234,5678901\n"


class Endless:
    """Endless rows; records how many were made and whether it was closed."""

    made = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.made += 1
        if self.made % 100_000 == 0:
            JOURNAL.write_text(str(self.made))
        return ROW

    def close(self):
        JOURNAL.write_text("closed")


def site(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    match environ["PATH_INFO"]:
        case "/file/":
            start_response("200 OK", [("Content-Length", str(FILE))])
            return (b"x" * 4096 for _ in range(FILE // 4096))
        case "/endless/":
            return Endless()
        case "/long/":
            return (ROW for _ in range(200_000))
        case "/slow/":
            deadline = time.monotonic() + 120
            while not GATE.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
    return [environ["wsgi.input"].read()]


application = Front(site, Threads(2), Threads(1), streams=1)
