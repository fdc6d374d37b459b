"""Set up the demonstration: simulate a sky, ingest it, create its workflows and accounts; remove an earlier one."""

import secrets
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override
from numpy.typing import NDArray

from webapp.archive.ingest.create_run import start_ingest
from webapp.archive.models import IngestRun, Membership, Role, Subject, SubjectSet, Survey
from webapp.console.demo.config import TEST_GOLD_FRACTION, TRAINING_GOLD, UNTOUCHED_FRACTION, Plan, Sky, Truth
from webapp.console.demo.progress import Progress, wait_for
from webapp.core.sql import execute
from webapp.guides.models import Language, Translation
from webapp.guides.translations import sources
from webapp.learning.models import Checkpoint, Evaluation, TestSet, TrainingRun, TrainingSet
from webapp.learning.test_sets import is_test_group
from webapp.queue.membership import add_to_set, enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.review.models import Ruling
from webapp.workflows.gold_schedule import usual_schedule
from webapp.workflows.models import Method, Workflow

POOL, UNTOUCHED = "pool", "untouched"
PRACTICE = "practice"
INGEST_SECONDS = 1800.0


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
    manifest = sky.simulate(sky.subjects, seed, folder, gold_fraction=0.0, progress=progress.advance)
    survey = open_demo_survey(sky)
    for name, path in split_manifest(manifest, seed, sky.positive).items():
        ingest_demo(survey, path, name, progress)
    remove_images(folder)
    truth = Truth.read(folder / "truth.csv", sky.positive)
    return open_stage(sky, survey, truth, seed)


def remove_images(folder: Path) -> None:
    """Delete the simulated files: their pixels are in the store now."""
    for path in folder.glob("*.fits"):
        path.unlink()


def open_stage(plan: Plan, survey: Survey, truth: Truth, seed: int, *, with_control: bool = True) -> Stage:
    control = open_demo_workflow(plan, survey, "control", seed) if with_control else None
    main = open_demo_workflow(plan, survey, "main", seed)
    translate_demo(survey)
    return Stage(plan, survey, truth, main, control)


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
        seeing=plan.seeing,
        position_floor=plan.position_floor,
    )


def translate_demo(survey: Survey) -> None:
    """Store the survey's texts and questions in the site's other languages, where its catalogues have them."""
    for language in sorted(set(Language.values) - {survey.language}):
        with override(language):
            for source in sources(survey):
                text = gettext(source.text)
                if text != source.text:
                    place = {"workflow": source.workflow, "field": source.field, "language": language}
                    saved = {"text": text, "source": source.digest}
                    Translation.objects.get_or_create(survey=survey, **place, defaults=saved)


def split_manifest(manifest: Path, seed: int, positive: Collection[str]) -> dict[str, Path]:
    """Split a simulated manifest into subjects for volunteers and untouched ones; only gold keeps its label."""
    rows = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    is_gold = choose_gold(rows, seed, positive)
    rows["gold"] = np.where(is_gold, "1", "0")
    untouched = rows[~is_gold].sample(frac=UNTOUCHED_FRACTION, random_state=seed).index
    rows.loc[~is_gold, "label"] = ""
    parts = {POOL: rows.drop(untouched), UNTOUCHED: rows.loc[untouched]}
    paths = {name: manifest.with_name(f"{name}.csv") for name in parts}
    for name, part in parts.items():
        part.to_csv(paths[name], index=False)
    return paths


def choose_gold(rows: pd.DataFrame, seed: int, positive: Collection[str]) -> NDArray[np.bool_]:
    """Return which rows are gold: a random fraction of the test side, and a few movers and others to train on."""
    rng = np.random.default_rng(seed)
    is_test = rows["object_group"].map(is_test_group).to_numpy(dtype=bool)
    is_mover = rows["label"].isin(positive).to_numpy(dtype=bool)
    is_gold = is_test & (rng.random(len(rows)) < TEST_GOLD_FRACTION)
    for kind, most in TRAINING_GOLD.items():
        is_gold[rng.permutation(np.flatnonzero(~is_test & (is_mover == kind)))[:most]] = True
    return is_gold


def ingest_demo(survey: Survey, path: Path, subject_set: str, progress: Progress) -> IngestRun:
    """Ingest through the worker, as from the page."""
    run = start_ingest(survey=survey, path=path, by=None, subject_set=subject_set)
    progress.begin(f"{survey.name}: ingesting {path.name}", None)
    wait_for(run, INGEST_SECONDS, progress.follow)
    return run


@transaction.atomic
def open_demo_workflow(plan: Plan, survey: Survey, arm: str, seed: int) -> Workflow:
    """Create one arm's workflow and fill its queue, in random order until there is a model.

    Nobody sees the queue in another order, in which a first batch of typical subjects would be wanted.
    """
    is_control = arm == "control"
    workflow = Workflow.objects.create(
        survey=survey,
        slug=f"{plan.slug}-control" if is_control else plan.slug,
        name=f"{plan.name}, control arm asked at random" if is_control else plan.name,
        kind=plan.kind,
        question=plan.question,
        follow_ups=plan.follow_ups,
        method=Method.SWAP_TWO_COIN,
        prior=plan.prior,
        min_votes=3,
        max_votes=plan.max_votes,
        accept_threshold=plan.sure,
        reject_threshold=round(1 - plan.sure, 6),
        random_fraction=1.0 if is_control else 0.2,
        training_schedule=[[0, 0.1]],
        undo_seconds=0,
        is_experiment=True,
    )
    workflow.subject_sets.set(SubjectSet.objects.filter(survey=survey, name=POOL))
    enqueue_subjects(workflow)
    shuffle_queue(workflow, seed)
    return workflow


SHUFFLE = """
    UPDATE queue_queueentry AS entry SET random_key = drawn.key, priority = 1 - drawn.key
    FROM unnest(%s::bigint[], %s::float8[]) AS drawn (id, key) WHERE entry.id = drawn.id
"""


def shuffle_queue(workflow: Workflow, seed: int) -> None:
    """Put a queue into a random order that depends on the seed alone: before the first model, both arms ask alike."""
    entries = QueueEntry.objects.filter(workflow=workflow).order_by("subject__external_id")
    keys = list(entries.values_list("pk", flat=True))
    execute(SHUFFLE, [keys, np.random.default_rng(seed).random(len(keys)).tolist()])


@transaction.atomic
def open_practice(plan: Plan, survey: Survey) -> Workflow:
    """Open a workflow to practise in: the gold to train on, where movers are no rarity, without the test set's."""
    gold = Subject.objects.gold().filter(survey=survey, sets__name=POOL, kind=plan.kind)
    chosen = [pk for pk, group in gold.values_list("pk", "object_group") if not is_test_group(group)]
    workflow = Workflow.objects.create(
        survey=survey,
        slug=f"{plan.slug}-practice",
        name=gettext_noop("Practice"),
        kind=plan.kind,
        question=plan.question,
        follow_ups=plan.follow_ups,
        training_schedule=usual_schedule(),
        is_training=True,
    )
    workflow.subject_sets.add(add_to_set(survey, PRACTICE, chosen))
    enqueue_subjects(workflow)
    translate_demo(survey)
    return workflow


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    role: str


def make_accounts(surveys: list[Survey]) -> list[Account]:
    """Create (or renew) one account per role, each with a new password and that role in all given surveys.

    The admin administers the site, too, unless somebody else does: a site in use gets no further administrator.
    """
    return [_account(role, surveys) for role in (Role.VOLUNTEER, Role.SCIENTIST, Role.ADMIN)]


def _account(role: Role, surveys: list[Survey]) -> Account:
    password = secrets.token_urlsafe(9)
    user, _ = User.objects.get_or_create(username=f"demo-{role}")
    user.set_password(password)
    user.is_superuser = role == Role.ADMIN and not _has_other_administrators(user)
    user.save()
    for survey in surveys:
        Membership.objects.update_or_create(user=user, survey=survey, defaults={"role": role})
    return Account(user.get_username(), password, str(role.label))


def _has_other_administrators(user: User) -> bool:
    return User.objects.filter(is_superuser=True).exclude(pk=user.pk).exists()


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
    User.objects.filter(volunteer__is_simulated=True).delete()


def _remove_pixels(slug: str) -> None:
    folder = Path(settings.PIXELS) / slug
    if folder.is_dir():
        shutil.rmtree(folder)
