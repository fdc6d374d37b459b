import time
from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.management import BaseCommand
from django.db import connection
from rich.console import Console

from webapp.console import site
from webapp.console.demo import accounts, report
from webapp.console.demo.forget import forget_simulated_volunteers
from webapp.console.demo.plan import SKIES
from webapp.console.demo.progress import Progress, bars
from webapp.console.demo.report import Outcomes
from webapp.console.demo.run import run_rounds
from webapp.console.demo.stage import Stage, set_stage

T = TypeVar("T")
HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Go round the whole loop with simulated skies and volunteers, then leave the site running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="end when the demonstration has ended")

    def handle(self, *args: Any, seed: int, port: int, no_serve: bool, **options: Any) -> None:
        console = Console()
        address = f"http://{HOST}:{port}"
        with suppress(site.Ended), site.running(HOST, port, site.default_concurrency()) as children:
            stages = self.demonstrate(console, address, seed)
            show_accounts(console, address, stages)
            if not no_serve:
                console.print("The site stays up; Ctrl-C ends it.")
                site.watch(children)

    def demonstrate(self, console: Console, address: str, seed: int) -> list[Stage]:
        began = time.monotonic()
        forget_simulated_volunteers()
        with bars(console) as lines:
            progress = [Progress(lines, sky.name) for sky in SKIES]
            stages = in_parallel(lambda sky, line: set_stage(sky, seed, line), SKIES, progress)
            results = in_parallel(lambda stage, line: run_rounds(stage, address, seed, line), stages, progress)
        publish(console, seed, time.monotonic() - began, dict(zip((sky.slug for sky in SKIES), results, strict=True)))
        return stages


def in_parallel(work: Callable[..., T], *arguments: Any) -> list[T]:
    """Run `work` for each survey in a thread of its own; the first failure is raised."""

    def run(*values: Any) -> T:
        try:
            return work(*values)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        return list(pool.map(run, *arguments))


def publish(console: Console, seed: int, seconds: float, surveys: dict[str, Outcomes]) -> None:
    for name, arms in surveys.items():
        console.print(report.table(name, arms))
    paths = report.save(Path(settings.DATA), report.as_json(seed, seconds, surveys), surveys)
    console.print(f"{seconds:.0f} s. Saved: {', '.join(str(path) for path in paths)}")


def show_accounts(console: Console, address: str, stages: list[Stage]) -> None:
    console.print(f"\nThe site: {address}/")
    for account in accounts.make_accounts([stage.survey for stage in stages]):
        console.print(f"  {account.role:<10} {account.name:<15} {account.password}", highlight=False)
