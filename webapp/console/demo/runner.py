"""Run a demonstration: start the site, play the rounds of all surveys in parallel threads, show the results."""

from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection
from rich.console import Console

from webapp.console import site
from webapp.console.demo import demo_report
from webapp.console.demo.config import CROWD
from webapp.console.demo.demo_report import Outcomes
from webapp.console.demo.experiment_arm import Arm, Predict, compared
from webapp.console.demo.progress import Progress
from webapp.console.demo.setup import Stage, forget_simulated_volunteers, make_accounts, open_practice
from webapp.console.demo.simulated_crowd import Crowd, recruit
from webapp.workflows.gold_schedule import usual_schedule
from webapp.workflows.models import Workflow

RETRAIN_AFTER = 50
GRACE = 30  # seconds; the simulated volunteers of the rounds never undo


def run_rounds(stage: Stage, address: str, seed: int, progress: Progress, predict: Predict) -> Outcomes:
    """Go round the loop with each arm, once a round; `predict` says what a model is measured by.

    Round 0 asks nobody: its models learn from gold, so that the guided arm is guided from the first question on.
    """
    arms = {"rounds": _arm(stage, address, seed, stage.main, predict)}
    if stage.control:
        arms["control"] = _arm(stage, address, seed, stage.control, predict)
    outcomes: Outcomes = {name: [] for name in arms}
    for number in range(stage.plan.rounds + 1):
        runs = {}
        for name, arm in arms.items():
            if number > 0:
                arm.collect(stage.plan.votes_per_round, progress)
            runs[name] = arm.train()
            if number == 0:  # the first model computes all features: alone, so that batches are always the same
                outcomes[name].append(arm.finish(number, runs[name], progress))
        if number > 0:
            for name, arm in arms.items():
                outcomes[name].append(arm.finish(number, runs[name], progress))
        if "control" in arms:
            outcomes["rounds"][-1] = compared(outcomes["rounds"][-1], arms["rounds"], arms["control"])
    leave_to_people(stage)
    return outcomes


def leave_to_people(stage: Stage) -> None:
    """Leave the survey to people: the control arm closes, practice opens and comes first, and the schedule retrains."""
    if stage.control:
        Workflow.objects.filter(pk=stage.control.pk).update(is_active=False)
    of_people = {
        "is_experiment": False,
        "min_new_labels": RETRAIN_AFTER,
        "undo_seconds": GRACE,
        "training_schedule": usual_schedule(),
    }
    Workflow.objects.filter(pk=stage.main.pk).update(**of_people)
    open_practice(stage.plan, stage.survey)


def _arm(stage: Stage, address: str, seed: int, workflow: Workflow, predict: Predict) -> Arm:
    """Create one arm; both arms get the same crowd, by seed, with separate accounts."""
    asked = tuple(name for names in stage.plan.follow_ups.values() for name in names)
    crowd = Crowd(address, workflow.slug, recruit(CROWD, seed, workflow.slug), stage.truth, asked)
    return Arm(workflow, crowd, stage.truth, is_control=workflow == stage.control, seed=seed, predict=predict)


HOST = "127.0.0.1"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-serve", action="store_true", help="exit after the demonstration")


def perform(play: Callable[[Console, str], list[Stage]], *, port: int, no_serve: bool) -> None:
    """Run `play(console, address)` on a running site."""
    console = Console()
    address = f"http://{HOST}:{port}"
    with suppress(site.Ended), site.running(HOST, port, site.default_concurrency(), console.print) as children:
        forget_simulated_volunteers()
        stages = play(console, address)
        show_accounts(console, address, stages)
        if not no_serve:
            console.print("The site keeps running; Ctrl-C stops it.")
            site.watch(children)


def publish(console: Console, name: str, seed: int, seconds: float, surveys: dict[str, Outcomes]) -> None:
    """Print a table for each survey, and save them as `name`.json with a plot."""
    for survey, arms in surveys.items():
        console.print(demo_report.table(survey, arms))
    paths = demo_report.save(Path(settings.DATA), name, demo_report.as_json(seed, seconds, surveys), surveys)
    console.print(f"{seconds:.0f} s. Saved: {', '.join(str(path) for path in paths)}", soft_wrap=True)


def show_accounts(console: Console, address: str, stages: list[Stage]) -> None:
    console.print(f"\nThe site: {address}/")
    for account in make_accounts([stage.survey for stage in stages]):
        console.print(f"  {account.role:<10} {account.name:<15} {account.password}", highlight=False)


T = TypeVar("T")


def in_parallel(work: Callable[..., T], *arguments: Any) -> list[T]:
    """Run `work` for each survey in its own thread; raise the first exception.

    A signal that asks the site to stop is not kept waiting: the threads end with the process.
    """

    def run(found: Future[T], values: tuple[Any, ...]) -> None:
        try:
            found.set_result(work(*values))
        except BaseException as error:
            found.set_exception(error)
        finally:
            connection.close()

    results: list[Future[T]] = []
    for values in zip(*arguments, strict=True):
        results.append(Future())
        Thread(target=run, args=(results[-1], values), daemon=True).start()
    return [found.result() for found in results]
