"""`manage.py up` whose watchdog soon notices what hangs, with a worker that reports often, and learns nothing.

Run as `python -m tests.acceptance.quick_up up`, with the command's options. WEB_WORKERS is the number of the web
server's processes, each of which takes seconds to load.
"""

import os
import sys

import django
from django.core.management import execute_from_command_line

from webapp.core import embedded_postgres

NO_LEARNING = ["--exclude-queues", "explain,scoring,training"]
"""Options of a worker that starts without torch, in half the time."""
SILENT_SECONDS = 18.0
"""A pool needs 10 s to notice that a child has died with what it was asked, and may be silent until then."""

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    embedded_postgres.ensure()
    django.setup()

    from webapp.console import processes, site, watchdog

    def worker(concurrency, logs):
        made = processes.worker(concurrency, logs)
        made.command += ["--include", "tests.acceptance.quick_reports", *NO_LEARNING]
        return made

    def web(host, port, logs):
        made = processes.web(host, port, logs)
        made.command[made.command.index("--workers") + 1] = os.environ.get("WEB_WORKERS", "2")
        return made

    site.worker, site.web = worker, web
    processes.RESTART_PAUSE = 0.5
    watchdog.PAUSE_SECONDS, watchdog.SILENT_SECONDS, watchdog.START_SECONDS = 2.0, SILENT_SECONDS, 60.0
    execute_from_command_line(sys.argv)
