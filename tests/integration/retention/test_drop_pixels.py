"""Retention drops the pixels of old retired bogus subjects, and of nothing on which people or models rest."""

import uuid
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.archive.models import AuditEntry, Subject, SubjectSet
from webapp.archive.pixels import pixels_of
from webapp.classifications.models import Classification
from webapp.community.models import Collection, Comment, Favourite, SubjectTag
from webapp.core.jobs import Cancelled
from webapp.learning import curate_labels, training_sets
from webapp.learning.models import TrainingRun
from webapp.linking.models import LinkRun, Proposal
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.reports.models import Report, ReportedTracklet
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.droppable import droppable
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import RetentionRefused, new_run, surveys_to_clean
from webapp.review.models import Case
from webapp.review.rulings import check_verdict, rule
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
OLD = timedelta(days=40)


@pytest.fixture(autouse=True)
def _pixels(tmp_path, settings):
    settings.PIXELS, settings.DATA = str(tmp_path / "pixels"), str(tmp_path)


@pytest.fixture
def workflow():
    """A workflow whose survey keeps pixels of retired bogus subjects for 30 days."""
    return sky.workflow(sky.survey("night", drop_bogus_after=30, keep_bogus=0), min_votes=3)


@pytest.fixture
def bogus(workflow):
    """130 subjects, in two chunks of the store, settled as bogus 40 days ago."""
    return settled(workflow, sky.subjects(workflow.survey, np.zeros(130)))


def settled(workflow, rows, ago=OLD, posterior=0.01, **fields):
    sky.queue(workflow, rows, is_retired=True)
    fields = {"votes_yes": 0, "votes_no": 4, "is_retired": True, "retired_reason": "consensus"} | fields
    for row in rows:
        sky.votes(workflow, row, posterior, retired_at=timezone.now() - ago, **fields)
    return rows


def claimed(survey, *, dry_run=False):
    return RetentionRun.objects.claim(new_run(survey=survey, by=None, dry_run=dry_run).pk)


def cleaned(survey):
    run = claimed(survey)
    drop_pixels(run)
    run.refresh_from_db()
    return run


def bytes_on_disk():
    files = (path for path in Path(settings.PIXELS).rglob("*") if path.is_file() and path.name != "zarr.json")
    return sum(path.stat().st_size for path in files)


def test_old_bogus_subjects_lose_their_pixels_and_nothing_else(workflow, bogus):
    [young] = settled(workflow, sky.subjects(workflow.survey, [0], prefix="y"), ago=timedelta(days=3))
    before, pixels = bytes_on_disk(), pixels_of(young)
    run = cleaned(workflow.survey)
    assert (run.state, run.done, run.bytes_freed) == ("done", 130, before - bytes_on_disk())
    assert run.bytes_freed > 0.9 * before
    rows = Subject.objects.filter(pk__in=[row.pk for row in bogus])
    assert rows.filter(pixels_dropped_at__isnull=False, consensus__is_retired=True).count() == 130
    np.testing.assert_array_equal(pixels_of(young), pixels)
    with pytest.raises(LookupError, match="dropped"):
        pixels_of(rows[0])
    entry = AuditEntry.objects.get(act="retention-run")
    assert entry.fields == {"subjects": 130, "bytes_freed": run.bytes_freed}


def test_a_dry_run_says_what_the_run_frees_and_changes_nothing(workflow, bogus):
    before = bytes_on_disk()
    dry = claimed(workflow.survey, dry_run=True)
    drop_pixels(dry)
    dry.refresh_from_db()
    assert (dry.done, bytes_on_disk()) == (130, before)
    assert not Subject.objects.exclude(pixels_dropped_at=None).exists()
    assert not AuditEntry.objects.exists()
    assert cleaned(workflow.survey).bytes_freed == pytest.approx(dry.bytes_freed, rel=0.01)


def test_without_a_rule_nothing_starts(workflow, bogus):
    workflow.survey.drop_bogus_after = None
    workflow.survey.save()
    with pytest.raises(RetentionRefused, match="no number of days"):
        new_run(survey=workflow.survey, by=None, dry_run=True)
    assert surveys_to_clean() == []


def test_a_run_starts_at_night_where_there_is_something_to_drop_and_once(workflow, bogus):
    assert surveys_to_clean() == [workflow.survey]
    run = new_run(survey=workflow.survey, by=None, dry_run=False)
    assert surveys_to_clean() == []
    with pytest.raises(RetentionRefused, match=f"Run {run.pk} is in progress"):
        new_run(survey=workflow.survey, by=None, dry_run=True)


@pytest.fixture
def scientist(django_user_model):
    return django_user_model.objects.create_user("scientist")


def _gold(row, workflow, user):
    sky.make_gold([row], [False])


def _case(row, workflow, user):
    Case.objects.create(subject=row)


def _verdict(row, workflow, user):
    rule(subject=row, workflow=workflow, scientist=user, verdict="no")
    Subject.objects.filter(pk=row.pk).update(gold_label="")
    row.queue_entries.update(is_gold=False)


def _report(row, workflow, user):
    report = Report.objects.create(survey=workflow.survey, created_by=user)
    ReportedTracklet.objects.create(report=report, subject=row, trk_sub="W1")


def _proposal(row, workflow, user):
    run = LinkRun.objects.create(survey=workflow.survey, first_mjd=0, last_mjd=1)
    proposal = {"mjd": 0, "ra": 0, "dec": 0, "rate": 1, "position_angle": 0, "misfit": 1}
    Proposal.objects.create(run=run, **proposal).members.add(row)


def _collection(row, workflow, user):
    Collection.objects.create(owner=Volunteer.objects.create(), name="odd").subjects.add(row)


def _favourite(row, workflow, user):
    Favourite.objects.create(subject=row, volunteer=Volunteer.objects.create())


def _comment(row, workflow, user):
    Comment.objects.create(subject=row, survey=workflow.survey, text="A ghost?")


def _tag(row, workflow, user):
    SubjectTag.objects.create(subject=row, name="ghost", volunteer=Volunteer.objects.create())


def _open_elsewhere(row, workflow, user):
    sky.queue(sky.workflow(workflow.survey, slug="other"), [row])


def _yes_elsewhere(row, workflow, user):
    sky.votes(sky.workflow(workflow.survey, slug="other"), row, 0.99, is_retired=True, retired_at=timezone.now() - OLD)


def _undecided(row, workflow, user):
    row.consensus.update(retired_reason="classification_count")


def _real(row, workflow, user):
    row.consensus.update(posterior=0.99)


def _training(row, workflow, user):
    workflow.survey.drop_bogus_after = None  # the labels were frozen before there was a rule
    TrainingRun.objects.create(
        survey=workflow.survey, workflow=workflow, role="stamp", training_set=curate_labels.curate(workflow)
    )


def _champion(row, workflow, user):
    workflow.survey.drop_bogus_after = None
    model = sky.checkpoint(workflow, is_champion=True)
    TrainingRun.objects.filter(pk=model.run_id).update(training_set=curate_labels.curate(workflow))


@pytest.mark.parametrize(
    "rests",
    [
        _gold, _case, _verdict, _report, _proposal, _collection, _favourite, _comment, _tag, _open_elsewhere,
        _yes_elsewhere, _undecided, _real, _training, _champion,
    ],
)  # fmt: skip
def test_pixels_on_which_something_rests_stay(workflow, scientist, rests):
    [row] = settled(workflow, sky.subjects(workflow.survey, [0]))
    assert droppable(workflow.survey).get() == row
    before = pixels_of(row)
    rests(row, workflow, scientist)
    assert cleaned(workflow.survey).done == 0
    row.refresh_from_db()
    np.testing.assert_array_equal(pixels_of(row), before)


def test_the_newest_bogus_subjects_stay(workflow, bogus):
    workflow.survey.keep_bogus = 100
    workflow.survey.save()
    assert cleaned(workflow.survey).done == 30
    assert set(Subject.objects.with_pixels()) == set(bogus[30:])  # later rows were retired later


def test_a_run_killed_before_it_cleared_a_chunk_is_finished(workflow, bogus):
    before, run = bytes_on_disk(), claimed(workflow.survey)
    with patch.object(PixelStore, "clear", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        drop_pixels(run)
    run.refresh_from_db()
    assert (run.done, run.clearing_index, bytes_on_disk()) == (128, 0, before)
    RetentionRun.objects.update(state="queued")
    again = RetentionRun.objects.claim(run.pk)
    drop_pixels(again)
    again.refresh_from_db()
    assert (again.done, again.clearing_array, again.bytes_freed) == (130, "", before - bytes_on_disk())


def test_what_a_cancelled_run_left_is_cleared_by_the_next(workflow, bogus):
    before, run = bytes_on_disk(), claimed(workflow.survey)
    with patch.object(PixelStore, "clear", side_effect=Cancelled), pytest.raises(Cancelled):
        drop_pixels(run)
    run.end_cancelled()
    assert cleaned(workflow.survey).done == 2
    freed = sum(RetentionRun.objects.values_list("bytes_freed", flat=True))
    assert freed == before - bytes_on_disk() > 0.9 * before


def test_a_subject_without_pixels_is_not_served_trained_on_or_ruled_on(workflow, bogus, scientist):
    cleaned(workflow.survey)
    other = sky.workflow(workflow.survey, slug="other")
    other.subject_sets.set(SubjectSet.objects.all())
    assert enqueue_subjects(other) == 0
    row = Subject.objects.get(pk=bogus[0].pk)
    Classification.objects.create(
        id=uuid.uuid4(),
        volunteer=Volunteer.objects.create(), workflow=workflow, subject=row, answer="yes", is_counted=True,
        log_odds_micronats=0,
    )  # fmt: skip
    recount(workflow)
    assert not QueueEntry.objects.filter(is_retired=False).exists()
    assert not curate_labels.labelled(workflow).exists()
    with pytest.raises(ValidationError, match="pixels of s0 were dropped"):
        check_verdict(row, workflow, "yes", "")


def test_bogus_subjects_past_the_limit_leave_training(workflow, bogus):
    assert not curate_labels.labelled(workflow).exists()
    workflow.survey.drop_bogus_after = 50
    assert curate_labels.labelled(workflow).count() == 130


def test_a_verdict_on_pixels_that_were_dropped_meanwhile_is_refused(workflow, bogus, scientist):
    row = Subject.objects.get(pk=bogus[0].pk)
    cleaned(workflow.survey)
    with pytest.raises(ValidationError, match="pixels of s0 were dropped"):
        rule(subject=row, workflow=workflow, scientist=scientist, verdict="yes")
    assert not Subject.objects.gold().exists()


def test_a_training_set_from_before_is_read_without_dropped_subjects(workflow, bogus):
    workflow.survey.drop_bogus_after = None
    training_set = curate_labels.curate(workflow)
    workflow.survey.drop_bogus_after = 30
    cleaned(workflow.survey)
    assert training_set.size == 130
    assert training_sets.labels_with_pixels(training_set)[0] == []


def test_the_command_counts_and_drops(workflow, bogus, capsys):
    call_command("retention", "night", "--dry-run")
    call_command("retention", "night")
    counted, dropped = capsys.readouterr().out.splitlines()
    assert counted.startswith("Pixels of 130 subjects would be dropped, which frees about")
    assert dropped.startswith("Pixels of 130 subjects dropped, which freed")


def test_the_page_sets_the_rule_and_the_subject_says_that_it_has_no_pixels(workflow, bogus, admin_client):
    page = "/surveys/night/retention/"
    assert admin_client.post(page, {"drop_bogus_after": "0", "keep_bogus": "5"}).status_code == 400
    assert admin_client.post(page, {"drop_bogus_after": "10", "keep_bogus": "5"}).status_code == 302
    workflow.survey.refresh_from_db()
    assert (workflow.survey.drop_bogus_after, workflow.survey.keep_bogus) == (10, 5)
    admin_client.post(f"{page}start/", {"act": "count"})
    run = RetentionRun.objects.get()
    assert run.dry_run
    run.request_cancel()
    cleaned(workflow.survey)
    assert "125" in admin_client.get(page).content.decode()
    shown = admin_client.get(f"/surveys/night/subjects/{bogus[0].pk}/").content.decode()
    assert "its pixels were dropped on" in shown
    assert "viewer-config" not in shown
    address = f"/pixels/{bogus[0].pk}/{bogus[0].checksum}"
    assert admin_client.get(f"{address}.bin").status_code == 404
    assert "no-pixels" in admin_client.get(f"{address}.png").url
