"""Detectors on the site: trails trained on volunteers' lines, movers on ones injected into mover-free cubes."""

import uuid
from dataclasses import replace

import numpy as np
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError

from ml.cubes.wnet_presets import preset
from ml.inference.checkpoint import Checkpoint as Files
from ml.storage.pixel_store import PixelStore
from tasks import jobs
from tasks.learning import score_shard, train
from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from tests.integration.people import browser, member
from tests.integration.world import make_volunteer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification, Mark
from webapp.consensus.models import Skill
from webapp.core.jobs import JobState
from webapp.learning import curate_labels, training_sets
from webapp.learning.curate_labels import counted_lines
from webapp.learning.models import Preset, ScoringRun, ScoringShard, TrainingRun
from webapp.learning.promotion import champion_of, promote
from webapp.learning.triggers import start_training

pytestmark = pytest.mark.django_db

SIDE = 160
FRAMES = 16
CUTOUTS = 20


def add(survey, block, kind, labels):
    array, first = PixelStore(settings.PIXELS).append(survey.slug, block.astype(np.float32))
    rows = [
        Subject(
            survey=survey, external_id=f"{kind}{n}", kind=kind, checksum=f"{kind}{n}", object_group=f"{kind}{n}",
            zarr_array=array, zarr_index=first + n, gold_label=label, gold_source="manifest" if label else "",
        )
        for n, label in enumerate(labels)
    ]  # fmt: skip
    return Subject.objects.bulk_create(rows)


def line(x1, y1, x2, y2):
    """Return an image of noise with a bright line."""
    y, x = np.mgrid[:SIDE, :SIDE]
    length = np.hypot(x2 - x1, y2 - y1)
    along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length
    across = ((x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)) / length
    return 12 * np.exp(-(across**2) / 4) * ((along > 0) & (along < length))


def cutouts(n, seed):
    """Return images (n, 1, 1, SIDE, SIDE), and the line of every other one."""
    random = np.random.default_rng(seed)
    block, ends = random.normal(100, 1, (n, 1, 1, SIDE, SIDE)), []
    for image in block[::2, 0, 0]:
        middle, angle = random.uniform(60, 100, 2), random.uniform(0, np.pi)
        reach = 35 * np.array([np.cos(angle), np.sin(angle)])
        ends.append(np.concatenate([middle - reach, middle + reach]).tolist())
        image += line(*ends[-1])
    return block, ends


def draws(workflow, volunteer, subject, ends, **fields):
    answer = Classification.objects.create(
        id=uuid.uuid4(),
        volunteer=volunteer,
        workflow=workflow,
        subject=subject,
        answer="yes",
        is_counted=True,
        **fields,
    )
    places = dict(zip(("x1", "y1", "x2", "y2"), ends, strict=True))
    return Mark.objects.create(classification=answer, position=0, **places)


@pytest.fixture
def trails():
    workflow = sky.workflow(sky.survey(), kind="cutout", line_marking=True)
    block, ends = cutouts(CUTOUTS, seed=1)
    rows = add(workflow.survey, block, "cutout", ["yes", "no"] * (CUTOUTS // 2))
    people = [make_volunteer(name) for name in ("ada", "bo")]
    for subject, true in zip(rows[::2], ends, strict=True):
        for person in people:
            draws(workflow, person, subject, [value + 1 for value in true])
    return workflow


@pytest.fixture
def few_steps(monkeypatch):
    """Train for seconds: detection quality is tested on simulated skies, not here."""
    monkeypatch.setattr("ml.trails.train_detector.STEPS", 10)
    monkeypatch.setattr("ml.trails.network_training.ROUNDS", 10)
    monkeypatch.setattr("ml.trails.network_training.BATCH", 2)
    monkeypatch.setattr("ml.trails.train_detector.STEPS_AGAIN", 2)


def test_trails_are_learnt_from_lines_and_the_archive_is_scored(trails, few_steps):
    run = trained(trails, seed=1)
    assert (run.state, run.role, run.preset) == (JobState.DONE, "trail", Preset.DETECTOR), run.error
    checkpoint = run.checkpoint
    assert checkpoint.manifest["training_set"] == run.training_set.hash
    assert checkpoint.manifest["metrics"]["trails"] == sum(label.label == "yes" for label in learnt(run))
    losses = list(run.epochs.values_list("loss", flat=True))
    assert sum(losses[5:]) < sum(losses[:5])
    if not checkpoint.is_champion:
        promote(checkpoint=checkpoint, by=None, reason="for this test")
    assert champion_of(trails.survey, "trail") == checkpoint
    work_off_the_scoring()
    assert checkpoint.scores.count() == Subject.objects.count() == CUTOUTS
    again = trained(trails)
    assert again.checkpoint.manifest["init"] == Files.load(settings.DATA / checkpoint.folder).manifest["sha256"]


def learnt(run):
    return training_sets.labels_of(run.training_set)[0]


def work_off_the_scoring():
    for row in ScoringShard.objects.filter(state=JobState.QUEUED):
        score_shard.shard(row.pk)
    for row in ScoringRun.objects.filter(state=JobState.QUEUED):
        jobs.finish_scoring(row.pk)


def test_a_training_set_keeps_the_lines_that_count(trails):
    volunteer, careless = make_volunteer("cy"), make_volunteer("dee")
    subject = Subject.objects.get(external_id="cutout0")
    before = counted_lines(trails)[subject.pk]
    draws(trails, volunteer, subject, [1, 2, 3, 4])
    assert counted_lines(trails)[subject.pk] == (*before, (2.0, 0.0, 1.0, 2.0, 3.0, 4.0))
    draws(trails, careless, subject, [5, 6, 7, 8])
    Skill.objects.create(volunteer=careless, workflow=trails, is_trusted=False)
    said_no = draws(trails, make_volunteer("eli"), subject, [9, 8, 7, 6])
    Classification.objects.filter(marks=said_no).update(answer="no")
    Classification.objects.filter(volunteer=volunteer).update(is_counted=False)
    assert counted_lines(trails)[subject.pk] == before
    labels, _ = training_sets.labels_of(curate_labels.curate(trails))
    by_subject = {label.subject_id: label.marks for label in labels}
    assert {marks for key, marks in by_subject.items() if key == subject.pk} <= {before}
    assert sum(len(marks) for marks in by_subject.values()) == 2 * sum(label.label == "yes" for label in labels)


def test_another_line_makes_another_training_set(trails):
    first = curate_labels.curate(trails)
    assert curate_labels.curate(trails) == first
    for mark in Mark.objects.filter(classification__volunteer__in=Mark.objects.values("classification__volunteer")[:1]):
        mark.x1 += 1
        mark.save()
    assert curate_labels.curate(trails).hash != first.hash


def test_without_lines_the_run_says_what_it_needs(trails):
    Mark.objects.all().delete()
    run = trained(trails, minutes=0.1)
    assert run.state == JobState.FAILED
    assert "Let the workflow ask for lines" in run.error


def quiet_cubes(n):
    random = np.random.default_rng(3)
    return 50 + random.normal(0, 2, (n, FRAMES, 1, 24, 24))


@pytest.fixture
def few_rounds(monkeypatch):
    """Train for seconds: see `few_steps`."""
    brief = replace(preset("cpu"), widths=(4, 4, 8), steps=8, rounds=4, crop=16, batch=2)
    monkeypatch.setattr("tasks.learning.train_detectors.preset", lambda name: brief)
    monkeypatch.setattr("tasks.learning.train_detectors.EXAMPLES", 18)


def test_movers_are_learnt_from_ones_drawn_into_quiet_cubes(few_rounds):
    workflow = sky.workflow(sky.survey(), kind="cube")
    rows = add(workflow.survey, quiet_cubes(10), "cube", ["no"] * 9 + ["yes"])
    run = trained(workflow)
    assert (run.state, run.role) == (JobState.DONE, "cube"), run.error
    assert "gold" in run.message  # one yes is too little to judge by: it waits in the shadow
    promote(checkpoint=run.checkpoint, by=None, reason="for this test")
    work_off_the_scoring()
    found = dict(run.checkpoint.scores.values_list("subject", "p_real"))
    assert set(found) == {row.pk for row in rows}
    assert all(0 < p < 1 for p in found.values())


def test_cubes_of_which_none_is_quiet_teach_nothing():
    workflow = sky.workflow(sky.survey(), kind="cube")
    add(workflow.survey, quiet_cubes(3), "cube", ["yes"] * 3)
    run = trained(workflow, minutes=0.1)
    assert run.state == JobState.FAILED
    assert "No cube is known to be quiet" in run.error


def test_the_detectors_recipe_is_for_their_kinds_alone():
    with pytest.raises(ValidationError, match="for workflows about cutouts and cubes"):
        start_training(workflow=sky.workflow(sky.survey()), by=None, preset=Preset.DETECTOR)


KILLED = 3  # the epoch during whose report the worker is gone


def killed_and_taken_up(workflow, monkeypatch):
    """Return the run after a first worker that was killed, and another one."""
    run, report = start_training(workflow=workflow, by=None, seed=1), train._report

    def killed(row, epoch):
        report(row, epoch)
        if epoch.epoch == KILLED:
            raise OperationalError("As if the worker were gone.")

    with monkeypatch.context() as patched:
        patched.setattr(train, "_report", killed)
        train.run(run.pk)
    run.refresh_from_db()
    assert (run.state, len(list((settings.DATA / "training").iterdir()))) == (JobState.RUNNING, 1)
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.QUEUED)
    train.run(run.pk)
    run.refresh_from_db()
    return run


def assert_it_went_on(run, epochs):
    assert (run.state, run.attempts, run.resumed_at) == (JobState.DONE, 2, KILLED), run.error
    assert list(run.epochs.filter(attempt=2).values_list("epoch", flat=True)) == list(range(1, epochs + 1))
    assert list(run.epochs.filter(attempt=1).values_list("epoch", flat=True)) == [KILLED]
    assert not list((settings.DATA / "training").iterdir())
    page = browser(member(run.survey, "scientist")).get(f"/surveys/sky/learning/runs/{run.pk}/").content.decode()
    assert f"this one resumed at epoch {KILLED}" in page


def test_a_trail_detectors_training_goes_on(trails, few_steps, monkeypatch):
    assert_it_went_on(killed_and_taken_up(trails, monkeypatch), epochs=10)


def test_a_cube_detectors_training_goes_on(few_rounds, monkeypatch):
    workflow = sky.workflow(sky.survey(), kind="cube")
    add(workflow.survey, quiet_cubes(10), "cube", ["no"] * 9 + ["yes"])
    assert_it_went_on(killed_and_taken_up(workflow, monkeypatch), epochs=4)
