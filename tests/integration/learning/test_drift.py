"""Drift: nights whose scores are unlike those before the training raise an alarm, and others do not."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from tasks import housekeeping
from tests.integration.learning import sky
from tests.integration.people import HTMX, browser, member
from webapp.archive.models import Subject
from webapp.learning.acquisition import update_priorities
from webapp.learning.curate_labels import curate
from webapp.learning.drift import drift_of, start_after_drift, watch_drift
from webapp.learning.models import Checkpoint, DriftAlarm, Score, ScoringRun, ScoringShard, TrainingRun

pytestmark = pytest.mark.django_db


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
    rows = sky.subjects(checkpoint.survey, [True] * n, kind=checkpoint.kind, prefix=f"n{mjd}-")
    Subject.objects.filter(pk__in=[row.pk for row in rows]).update(
        mjd=mjd + 0.3, created_at=timezone.now() - timedelta(days=days_ago)
    )
    rng = np.random.default_rng(int(10 * mjd))  # a night has the same scores, whichever tests ran before
    p_real = np.where(rng.random(n) < real, rng.beta(20, 1, n), rng.beta(1, 20, n))
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
    assert found.nights[1].fraction_real == pytest.approx(0.6, abs=0.1)
    page = (
        browser(member(workflow.survey, "scientist"))
        .get("/surveys/night/learning/drift/stamp/", headers=HTMX)
        .content.decode()
    )
    assert "Scores have shifted on 1 night since the champion was trained." in page


@pytest.mark.parametrize("preset", ["external", "imported"])
def test_of_a_model_from_elsewhere_only_its_first_evaluation_is_known(workflow, champion, preset):
    TrainingRun.objects.update(preset=preset)
    scientist, address = browser(member(workflow.survey, "scientist")), "/surveys/night/learning/drift/stamp/"
    quiet = scientist.get(address, headers=HTMX).content.decode()
    assert "since the champion was first evaluated here, so there is nothing to compare yet." in quiet
    night(champion, 200, 60011, real=0.6)
    shifted = scientist.get(address, headers=HTMX).content.decode()
    assert "Scores have shifted on 1 night since the champion was first evaluated here." in shifted
    assert "Scores on 1 night since its first evaluation here" in shifted
    assert "train" not in (quiet + shifted).replace("retrain", "").replace("trained elsewhere", "")


@pytest.mark.parametrize("threshold", [0.03, 0.37, 0.9])
def test_a_night_s_share_of_real_is_by_the_champion_s_own_threshold(threshold):
    workflow = sky.workflow(sky.survey("night"), kind="tracklet")
    champion = sky.checkpoint(workflow, is_champion=True, manifest={"preset": "head", "threshold": threshold})
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    night(champion, 200, 60010, real=0.1)
    called = Score.objects.filter(p_real__gte=threshold).count()
    assert drift_of(champion).nights[0].fraction_real == pytest.approx(called / 200)


@pytest.mark.parametrize(("role", "kind"), [("trail", "cutout"), ("cube", "cube")])
def test_a_detector_is_watched_like_a_classifier(role, kind):
    workflow = sky.workflow(sky.survey("night"), kind=kind)
    champion = sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.7})
    TrainingRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    night(champion, 200, 60000, real=0.1, days_ago=3)
    night(champion, 100, 60010, real=0.1)
    champion.refresh_from_db()
    assert watch_drift(champion) is None
    night(champion, 100, 60011, real=0.6)
    update_priorities(scored(champion))
    assert DriftAlarm.objects.get().night == 60011
    client = browser(member(workflow.survey, "scientist"))
    address = f"/surveys/night/learning/drift/{role}/"
    assert address in client.get("/surveys/night/learning/").content.decode()
    assert "Scores have shifted on 1 night" in client.get(address, headers=HTMX).content.decode()


def test_where_the_model_was_trained_on_most_movers_later_nights_like_the_first_have_not_shifted(workflow, champion):
    movers = Subject.objects.filter(scores__p_real__gte=0.5)
    label(movers, real=True)
    label(Subject.objects.exclude(pk__in=movers)[:20], real=False)
    TrainingRun.objects.update(training_set=curate(workflow))
    champion.refresh_from_db()
    for mjd in range(60010, 60020):
        night(champion, 200, mjd, real=0.1)
    found = drift_of(champion)
    assert (found.reference, len(found.nights), found.shifted) == (400, 10, [])
    night(champion, 200, 60020, real=0.6)
    assert [each.mjd for each in drift_of(champion).shifted] == [60020]


def test_many_stamps_of_few_objects_raise_no_alarm(champion):
    for mjd in (60010, 60011):
        for n, row in enumerate(night(champion, 200, mjd, real=0.6)):
            row.object_group = f"object {n % 8}"
            row.save(update_fields=["object_group"])
    found = drift_of(champion)
    assert [each.n for each in found.nights] == [8, 8], "an object counts once in each night"
    assert (found.reference, found.shifted) == (400, [])


def test_without_newer_subjects_nothing_has_drifted(workflow, champion):
    assert drift_of(champion).nights == []
    client = browser(member(workflow.survey, "scientist"))
    assert "cannot have drifted" in client.get("/surveys/night/learning/drift/stamp/", headers=HTMX).content.decode()
    assert client.get("/surveys/night/learning/drift/cube/", headers=HTMX).status_code == 404


def label(rows, *, real):
    workflow = rows[0].survey.workflows.get()
    for row in rows:
        sky.votes(workflow, row, 0.98 if real else 0.02)


@pytest.fixture
def alarm(workflow, champion):
    """An alarm of the newest night; the night before was sound."""
    night(champion, 200, 60010, real=0.1)
    shifted = night(champion, 200, 60011, real=0.6)
    alarm = watch_drift(champion)
    assert (alarm.night, alarm.subjects, alarm.is_answered) == (60011, 200, False)
    return alarm, shifted


def test_after_an_alarm_a_run_starts_once_there_are_labels_and_says_why(workflow, champion, alarm):
    _, shifted = alarm
    housekeeping.retrain()
    label(shifted[:19], real=False)
    housekeeping.retrain()
    assert not TrainingRun.objects.exclude(pk=champion.run_id).exists(), "19 labels would not pass the gate"
    label(shifted[19:25], real=True)
    housekeeping.retrain()
    housekeeping.retrain()
    run = TrainingRun.objects.exclude(pk=champion.run_id).get()
    assert "shifted on the night of MJD 60011" in run.reason
    assert "25 labels are new or corrected since its training" in run.reason
    page = browser(member(workflow.survey, "scientist")).get(f"/surveys/night/learning/runs/{run.pk}/")
    assert "shifted on the night of MJD 60011" in page.content.decode()


def test_an_admin_reads_beforehand_that_a_run_lacks_new_labels(workflow, champion, alarm):
    _, shifted = alarm
    admin = browser(member(workflow.survey, "admin"))
    label(shifted[:3], real=False)
    page = admin.get("/surveys/night/learning/").content.decode()
    assert "at most 3 of 20 new or corrected labels since the champion" in page
    label(shifted[3:20], real=True)
    assert "of 20 new or corrected labels" not in admin.get("/surveys/night/learning/").content.decode()


def test_an_alarm_starts_one_run_however_that_ends_and_a_new_night_another(workflow, champion, alarm):
    _, shifted = alarm
    label(shifted[:30], real=False)
    start_after_drift()
    TrainingRun.objects.filter(state="queued").update(state="done", training_set=curate(workflow))
    watch_drift(champion)
    label(shifted[30:60], real=False)
    start_after_drift()
    assert TrainingRun.objects.count() == 2
    night(champion, 200, 60012, real=0.6)
    watch_drift(champion)
    start_after_drift()
    assert TrainingRun.objects.count() == 3


def test_labels_that_a_run_has_had_already_start_no_other(workflow, champion, alarm):
    label(alarm[1][:30], real=False)
    row = {"survey": workflow.survey, "workflow": workflow, "role": "stamp", "state": "done"}
    TrainingRun.objects.create(**row, training_set=curate(workflow))
    start_after_drift()
    assert TrainingRun.objects.count() == 2


def test_an_alarm_says_what_the_whole_night_shows_as_it_comes_in(workflow, champion):
    for number, hour in enumerate((2, 1)):
        night(champion, 30, 60010 + number / 10, real=0.9, days_ago=hour / 24)
        raised = watch_drift(champion)
    assert (raised.subjects, raised.index) == (60, drift_of(champion).nights[0].index)


def test_an_alarm_is_withdrawn_when_a_newer_night_is_sound(workflow, champion, alarm):
    night(champion, 200, 60012, real=0.1)
    assert watch_drift(champion) is None
    label(alarm[1][:30], real=False)
    start_after_drift()
    assert not DriftAlarm.objects.exists()
    assert TrainingRun.objects.count() == 1


@pytest.mark.parametrize("off", ["survey", "workflow", "former"])
def test_a_switched_off_survey_a_paused_workflow_and_a_former_champion_start_nothing(workflow, champion, alarm, off):
    label(alarm[1][:30], real=False)
    if off == "survey":
        type(workflow.survey).objects.update(retrain_on_drift=False)
    elif off == "workflow":
        type(workflow).objects.update(is_active=False)
    else:
        Checkpoint.objects.update(is_champion=False)
    start_after_drift()
    assert TrainingRun.objects.count() == 1


def scored(champion, shards=1):
    """Return the claimed last job of a scoring run."""
    run = ScoringRun.objects.create(survey=champion.survey, checkpoint=champion)
    for number in range(shards):
        ScoringShard.objects.create(run=run, zarr_array=str(number), start=0, stop=8, state="done")
    return ScoringRun.objects.claim(run.pk)


def test_a_champions_scoring_ends_with_a_look_at_the_newest_night_and_a_shadows_does_not(workflow, champion):
    night(champion, 200, 60011, real=0.6)
    for is_champion in (False, True):
        Checkpoint.objects.update(is_champion=is_champion)
        update_priorities(scored(champion))
        assert DriftAlarm.objects.exists() == is_champion


def test_ordering_by_the_scores_that_are_there_looks_for_no_drift(champion):
    night(champion, 200, 60011, real=0.6)
    update_priorities(scored(champion, shards=0))
    assert not DriftAlarm.objects.exists()
