"""Drift: nights whose scores are unlike those before the training raise an alarm, and others do not."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.people import browser, member
from tests.integration.world import make_volunteer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.learning.drift import drift_of, prevalence
from webapp.learning.models import Checkpoint, Score, TrainingRun

pytestmark = pytest.mark.django_db

RANDOM = np.random.default_rng(8)


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey("night"))


@pytest.fixture
def champion(workflow):
    """A champion trained yesterday, with scores of 400 earlier subjects, one in ten of them real."""
    checkpoint = sky.checkpoint(workflow, is_champion=True)
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    night(checkpoint, 400, 60000, real=0.1, days_ago=3)
    return Checkpoint.objects.get()


def night(checkpoint, n, mjd, *, real, days_ago=0.0):
    rows = sky.subjects(checkpoint.survey, [True] * n, prefix=f"n{mjd}-")
    Subject.objects.filter(pk__in=[row.pk for row in rows]).update(
        mjd=mjd + 0.3, created_at=timezone.now() - timedelta(days=days_ago)
    )
    p_real = np.where(RANDOM.random(n) < real, RANDOM.beta(20, 1, n), RANDOM.beta(1, 20, n))
    Score.objects.bulk_create(
        Score(checkpoint=checkpoint, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.1)
        for row, p in zip(rows, p_real.tolist(), strict=True)
    )
    return rows


def test_a_night_full_of_false_movers_raises_the_alarm_and_a_quiet_one_does_not(workflow, champion):
    night(champion, 200, 60010, real=0.1)
    night(champion, 200, 60011, real=0.6)
    night(champion, 4, 60012, real=0.9)
    found = drift_of(champion)
    assert (found.reference, [each.mjd for each in found.nights]) == (400, [60012, 60011, 60010])
    assert [each.mjd for each in found.shifted] == [60011], "four subjects prove nothing"
    assert found.nights[1].share_real == pytest.approx(0.6, abs=0.1)
    page = browser(member(workflow.survey, "scientist")).get("/surveys/night/learning/drift/stamp/").content.decode()
    assert "Scores have shifted on 1 night since the champion was trained." in page


def test_without_newer_subjects_nothing_has_drifted(workflow, champion):
    assert drift_of(champion).nights == []
    client = browser(member(workflow.survey, "scientist"))
    assert "cannot have drifted" in client.get("/surveys/night/learning/drift/stamp/").content.decode()
    assert client.get("/surveys/night/learning/drift/cube/").status_code == 404


def test_prevalence_is_that_of_the_random_sample(workflow, champion):
    assert prevalence(champion) is None
    rows = night(champion, 40, 60013, real=0.5)
    volunteer = make_volunteer()
    for number, row in enumerate(rows):
        sky.votes(workflow, row, 0.98 if number < 10 else 0.02, is_retired=True, retired_reason="consensus")
        reason = "random" if number % 2 else "uncertain"
        Classification.objects.create(
            id=uuid.uuid4(),
            workflow=workflow,
            subject=row,
            volunteer=volunteer,
            answer="yes",
            reason=reason,
            is_counted=True,
        )
    found = prevalence(champion)
    assert (found.n, found.share) == (20, 0.25)
    assert found.low < 0.25 < found.high
