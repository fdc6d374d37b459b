import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from rich.console import Console

from webapp.console.demo import ztf_survey
from webapp.console.demo.demo_report import Outcomes
from webapp.console.demo.experiment_arm import of_everything
from webapp.console.demo.progress import Progress
from webapp.console.demo.runner import add_arguments, perform, publish, run_rounds
from webapp.console.demo.setup import Stage
from webapp.console.terminal import bars


class Command(BaseCommand):
    help = "Run the loop with real ZTF alert packets and simulated volunteers, then leave the site running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="alert packets (.avro)")
        add_arguments(parser)
        parser.add_argument(
            "--rounds", type=int, default=ztf_survey.PLAN.rounds, help="rounds of votes (default: %(default)s)"
        )
        parser.add_argument(
            "--no-control", action="store_true", help="leave out the arm that asks at random: half the time"
        )

    def handle(
        self,
        *args: Any,
        folder: Path,
        rounds: int,
        seed: int,
        port: int,
        no_serve: bool,
        no_control: bool,
        **options: Any,
    ) -> None:
        if rounds < 1:
            raise CommandError("Ask for at least one round of votes.")
        if not folder.exists():
            raise CommandError(f"{folder} does not exist. Name a folder of ZTF alert packets.")
        packets = ztf_survey.read_packets(folder)

        def run(console: Console, address: str) -> list[Stage]:
            return play(console, address, folder, packets, rounds, seed, with_control=not no_control)

        perform(run, port=port, no_serve=no_serve)


def play(
    console: Console,
    address: str,
    folder: Path,
    packets: ztf_survey.Packets,
    rounds: int,
    seed: int,
    *,
    with_control: bool,
) -> list[Stage]:
    began = time.monotonic()
    with bars(console) as lines:
        progress = Progress(lines, ztf_survey.PLAN.name)
        stage = ztf_survey.set_ztf_stage(folder, packets, rounds, seed, progress, with_control=with_control)
        outcomes = run_rounds(stage, address, seed, progress, of_everything)
    publish(console, "demo-ztf", seed, time.monotonic() - began, {ztf_survey.PLAN.slug: outcomes})
    compare(console, packets, outcomes)
    return [stage]


def compare(console: Console, packets: ztf_survey.Packets, outcomes: Outcomes) -> None:
    """Compare the champion with the survey's own scores on the same packets."""
    champion = next((outcome for outcome in reversed(outcomes["rounds"]) if outcome.is_champion), None)
    console.print("ROC AUC of known asteroids against the rest:")
    if champion is not None:
        console.print(f"  the champion (round {champion.round}), cross-validated   {champion.model_auc:.3f}")
    console.print(f"  the last round's model, cross-validated   {outcomes['rounds'][-1].model_auc:.3f}")
    for name in ztf_survey.SURVEY_SCORES:
        if (auc := packets.auc_of(name)) is not None:
            console.print(f"  the survey's own {name[1:]:<14} {auc:.3f}")
