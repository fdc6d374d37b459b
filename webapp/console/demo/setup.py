"""Set up the demonstration: simulate a sky, ingest it, create its workflows and accounts; remove an earlier one."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F

from webapp.archive.ingest.create_run import start_ingest
from webapp.archive.models import IngestRun, Membership, Role, SubjectSet, Survey
from webapp.console.demo.config import GOLD_FRACTION, GOLD_KEPT_FOR_TRAINING, UNTOUCHED_FRACTION, Plan, Sky, Truth
from webapp.console.demo.progress import Progress, wait_for
from webapp.learning.models import Checkpoint, Evaluation, TestSet, TrainingRun, TrainingSet
from webapp.learning.test_sets import is_test_group
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.review.models import Ruling
from webapp.workflows.models import Method, Workflow

POOL, UNTOUCHED = "pool", "untouched"
INGEST_SECONDS = 180.0


@dataclass(frozen=True)
class Stage:
    """A survey ready for its rounds: `main` asks where the model is uncertain; `control`, where wanted, at random."""

    plan: Plan
    survey: Survey
    truth: Truth
    main: Workflow
    control: Workflow | None


def set_stage(sky: Sky, seed: int, progress: Progress) -> Stage:
    """Simulate, ingest and create a survey, replacing that of an earlier demonstration."""
    forget_survey(sky.slug)
    folder = Path(settings.DATA) / "demo" / sky.slug
    progress.begin(f"{sky.name}: simulating", sky.subjects)
    manifest = sky.simulate(sky.subjects, seed, folder, gold_fraction=GOLD_FRACTION, progress=progress.advance)
    survey = open_demo_survey(sky)
    for name, path in split_manifest(manifest, seed).items():
        ingest_demo(survey, path, name, progress)
    truth = Truth.read(folder / "truth.csv", sky.positive)
    return open_stage(sky, survey, truth)


def open_stage(plan: Plan, survey: Survey, truth: Truth, *, with_control: bool = True) -> Stage:
    control = open_demo_workflow(plan, survey, "control") if with_control else None
    return Stage(plan, survey, truth, open_demo_workflow(plan, survey, "main"), control)


def open_demo_survey(plan: Plan) -> Survey:
    return Survey.objects.create(
        slug=plan.slug,
        name=plan.name,
        description=plan.description,
        is_simulated=plan.is_simulated,
        classes=list(plan.classes),
        positive=list(plan.positive),
        channels=list(plan.channels),
        pixel_scale=plan.pixel_scale,
    )


def split_manifest(manifest: Path, seed: int) -> dict[str, Path]:
    """Split a simulated manifest into subjects for volunteers and untouched ones; only gold keeps its label."""
    rows = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    rows.loc[_surplus_gold(rows, seed), "gold"] = "0"
    is_gold = rows["gold"] == "1"
    untouched = rows[~is_gold].sample(frac=UNTOUCHED_FRACTION, random_state=seed).index
    rows.loc[~is_gold, "label"] = ""
    parts = {POOL: rows.drop(untouched), UNTOUCHED: rows.loc[untouched]}
    paths = {name: manifest.with_name(f"{name}.csv") for name in parts}
    for name, part in parts.items():
        part.to_csv(paths[name], index=False)
    return paths


def _surplus_gold(rows: pd.DataFrame, seed: int) -> "pd.Series[bool]":
    """Return the gold rows to make ordinary: most of those that models may train on."""
    for_training = ~rows["object_group"].map(is_test_group).astype(bool)
    spared = np.random.default_rng(seed).random(len(rows)) < GOLD_KEPT_FOR_TRAINING
    return (rows["gold"] == "1") & for_training & ~spared


def ingest_demo(survey: Survey, path: Path, subject_set: str, progress: Progress) -> IngestRun:
    """Ingest through the worker, as from the page."""
    run = start_ingest(survey=survey, path=path, by=None, subject_set=subject_set)
    progress.begin(f"{survey.name}: ingesting {path.name}", None)
    wait_for(run, INGEST_SECONDS, progress.follow)
    return run


def open_demo_workflow(plan: Plan, survey: Survey, arm: str) -> Workflow:
    """Create one arm's workflow and fill its queue, in random order until there is a model."""
    is_control = arm == "control"
    workflow = Workflow.objects.create(
        survey=survey,
        slug=f"{plan.slug}-control" if is_control else plan.slug,
        name=f"{plan.name}, control arm asked at random" if is_control else plan.name,
        kind=plan.kind,
        question=plan.question,
        follow_ups=plan.follow_ups,
        method=Method.SWAP_TWO_COIN,
        min_votes=3,
        max_votes=plan.max_votes,
        accept_threshold=plan.sure,
        reject_threshold=round(1 - plan.sure, 6),
        random_fraction=1.0 if is_control else 0.2,
        training_schedule=[[0, 0.1]],
        undo_seconds=0,
    )
    workflow.subject_sets.set(SubjectSet.objects.filter(survey=survey, name=POOL))
    enqueue_subjects(workflow)
    QueueEntry.objects.filter(workflow=workflow).update(priority=F("random_key"))
    return workflow


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    role: str


def make_accounts(surveys: list[Survey]) -> list[Account]:
    """Create (or renew) one account per role, each with a new password and that role in all given surveys."""
    return [_account(role, surveys) for role in (Role.VOLUNTEER, Role.SCIENTIST, Role.ADMIN)]


def _account(role: Role, surveys: list[Survey]) -> Account:
    password = secrets.token_urlsafe(9)
    user, _ = get_user_model().objects.get_or_create(username=f"demo-{role}")
    user.set_password(password)
    user.save()
    for survey in surveys:
        Membership.objects.update_or_create(user=user, survey=survey, defaults={"role": role})
    return Account(user.get_username(), password, str(role.label))


@transaction.atomic
def forget_survey(slug: str) -> None:
    """Delete a survey and everything in it: rows first, then its pixels."""
    survey = Survey.objects.filter(slug=slug).first()
    if survey is None:
        return
    # Delete rows with protected references first.
    Ruling.objects.filter(subject__survey=survey).delete()
    Evaluation.objects.filter(checkpoint__survey=survey).delete()
    Checkpoint.objects.filter(survey=survey).delete()
    TrainingRun.objects.filter(survey=survey).delete()
    TrainingSet.objects.filter(workflow__survey=survey).delete()
    TestSet.objects.filter(survey=survey).delete()
    survey.delete()
    transaction.on_commit(lambda: _remove_pixels(slug))


def forget_simulated_volunteers() -> None:
    get_user_model().objects.filter(volunteer__is_simulated=True).delete()


def _remove_pixels(slug: str) -> None:
    folder = Path(settings.PIXELS) / slug
    if folder.is_dir():
        shutil.rmtree(folder)
