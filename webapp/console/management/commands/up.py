from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from webapp.console import site


class Command(BaseCommand):
    # Other checks would import the pages, which the web server does anyway: wait only once.
    requires_system_checks = ("pixels",)
    help = "Run the whole site: database, web server, worker and beat. One Ctrl-C stops all of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--concurrency", type=int, default=site.default_concurrency(), help="jobs at a time")

    def handle(self, *args: Any, host: str, port: int, concurrency: int, **options: Any) -> None:
        with suppress(site.Ended), site.running(host, port, concurrency, self._say) as children:
            self._say(
                f"Wanderers is at http://{host}:{port}/ - Ctrl-C stops it. Logs: {Path(settings.DATA) / 'log'}\n"
                "Jobs start in a few seconds, once the worker has loaded."
            )
            site.watch(children)
        self._say("All processes have stopped.")

    def _say(self, line: str) -> None:
        """Write a line at once, also into a pipe or a journal."""
        self.stdout.write(line)
        self.stdout.flush()
