"""The frame of every demonstration: start the site, play, show what came of it, and leave the site running."""

from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console

from webapp.console import site
from webapp.console.demo.forget import forget_simulated_volunteers
from webapp.console.demo.present import show_accounts
from webapp.console.demo.stage import Stage

HOST = "127.0.0.1"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-serve", action="store_true", help="end when the demonstration has ended")


def perform(play: Callable[[Console, str], list[Stage]], *, port: int, no_serve: bool) -> None:
    """Run `play(console, address)` against a running site."""
    console = Console()
    address = f"http://{HOST}:{port}"
    with suppress(site.Ended), site.running(HOST, port, site.default_concurrency(), console.print) as children:
        forget_simulated_volunteers()
        stages = play(console, address)
        show_accounts(console, address, stages)
        if not no_serve:
            console.print("The site stays up; Ctrl-C ends it.")
            site.watch(children)
