"""A listener in a process of its own, as an administrator starts it."""

import os
import re
import shlex
import subprocess
import sys
import time
from urllib.parse import urlsplit

from django.db import connection

from webapp.core.environment import ROOT
from webapp.streams.models import Position


def until(condition, seconds=60):
    """Return a function that becomes true with `condition`, or fails after some time."""
    end = time.monotonic() + seconds

    def is_over():
        assert time.monotonic() < end, "the stream stands still"
        return condition()

    return is_over


def progress():
    return sum(Position.objects.values_list("next_offset", flat=True))


def started(cluster, *more, before=()):
    """Start it by the command of the tutorial, and more options; `before` are options of Python itself."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    (line,) = re.findall(r".*manage\.py listen TOPIC .*", (ROOT / "docs/ten-minutes.md").read_text())
    given = {"TOPIC": "alerts", "HOST:PORT": cluster.brokers, "snr > 5 and not ssdistnr < 5": "snr > 5"}
    command = [sys.executable, *before, *[given.get(word, word) for word in shlex.split(line)[1:]], *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"DATABASE_URL": database}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
