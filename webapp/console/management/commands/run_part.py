import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from webapp.console import notified_part, processes, site, watchdog


class Command(BaseCommand):
    requires_system_checks = ("pixels",)
    help = (
        "Run one part of the site as a service (docker/): web server, worker or beat. One that hangs is killed. "
        "Or ask one that runs whether it responds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=["web", "worker", "beat"])
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--concurrency", type=int, default=site.default_concurrency(), help="jobs at a time")
        parser.add_argument("--queues", default="", help="a worker's queues, separated by commas; default: all")
        parser.add_argument("--probe", action="store_true", help="only ask: exit code 1 if the part does not respond")

    def handle(
        self, *args: Any, part: str, host: str, port: int, concurrency: int, queues: str, probe: bool, **options: Any
    ) -> None:
        no_log = Path(os.devnull)  # whoever runs the service has what they say
        responds: Callable[[], bool]
        if part == "web":
            child, responds = processes.web(host, port, no_log), partial(watchdog.web_responds, host, port)
        elif part == "worker":
            child, responds = processes.worker(concurrency, no_log, queues), partial(watchdog.worker_responds, queues)
        else:
            child, responds = processes.beat(no_log), watchdog.beat_responds
        if probe:
            sys.exit(not watchdog.responds_or_unknown(responds))
        sys.exit(notified_part.run(child.part, child.name, child.command, responds))
