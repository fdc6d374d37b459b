import os
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand
from rich.console import Console

from webapp.console.demo.config import SKIES
from webapp.console.demo.experiment_arm import of_untouched
from webapp.console.demo.progress import Progress
from webapp.console.demo.runner import add_arguments, in_parallel, perform, publish, run_rounds
from webapp.console.demo.setup import Stage, set_stage
from webapp.console.terminal import bars


class Command(BaseCommand):
    help = "Run the whole loop with simulated skies and volunteers, then leave the site running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, seed: int, port: int, no_serve: bool, **options: Any) -> None:
        # The sky backbone was taught on these simulated skies, and would have little left to learn.
        os.environ["BACKBONE"] = "imagenet"
        perform(lambda console, address: play(console, address, seed), port=port, no_serve=no_serve)


def play(console: Console, address: str, seed: int) -> list[Stage]:
    began = time.monotonic()
    with bars(console) as lines:
        progress = [Progress(lines, sky.name) for sky in SKIES]
        stages = in_parallel(lambda sky, line: set_stage(sky, seed, line), SKIES, progress)
        results = in_parallel(
            lambda stage, line: run_rounds(stage, address, seed, line, of_untouched), stages, progress
        )
    surveys = dict(zip((sky.slug for sky in SKIES), results, strict=True))
    publish(console, "demo", seed, time.monotonic() - began, surveys)
    return stages
