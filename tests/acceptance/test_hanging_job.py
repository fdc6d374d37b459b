"""A worker ends a job that makes no progress, although its process lives, and lets one go on that progresses slowly."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.acceptance import real_worker
from tests.acceptance.quick_up import NO_LEARNING
from tests.acceptance.real_worker import running_worker, send, wait_until
from webapp.archive.models import Survey
from webapp.core.jobs import JobState
from webapp.core.models import Worker
from webapp.core.stored_messages import in_words
from webapp.retention.models import RetentionRun

pytestmark = pytest.mark.django_db(transaction=True)


def started(name, folder, *, dry_run):
    """A retention run, which `hanging_jobs` lets hang, or progress slowly in a dry run."""
    survey = Survey.objects.create(slug=name, name=name, drop_bogus_after=1)
    run = RetentionRun.objects.create(survey=survey, dry_run=dry_run)
    send(folder, RetentionRun.task, run.pk)
    return run


def reports_while_both_work(folder):
    """Return whether the worker reports while both runs are held, before one of them is ended and tried again."""
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    wait_until(lambda: Worker.objects.recent().exists(), "A report of the worker's children", folder)
    return RetentionRun.objects.held().count() == 2


def test_a_job_without_progress_is_retried_then_fails_with_the_reason_and_a_slow_one_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(real_worker, "LEASE_SECONDS", 9)  # a busy machine interrupts the slow one otherwise
    hanging = started("hanging", tmp_path, dry_run=False)
    slow = started("slow", tmp_path, dry_run=True)
    modules = "tests.acceptance.hanging_jobs,tests.acceptance.quick_reports"
    with running_worker(tmp_path, "--include", modules, *NO_LEARNING):
        wait_until(lambda: RetentionRun.objects.held().count() == 2, "The begin of both runs", tmp_path)
        wait_until(lambda: reports_while_both_work(tmp_path), "A report of children that are both at work", tmp_path)
        for run in (hanging, slow):
            wait_until(lambda run=run: RetentionRun.objects.get(pk=run.pk).is_over, "The end of both runs", tmp_path)
    hanging.refresh_from_db()
    assert (hanging.state, hanging.attempts) == (JobState.FAILED, 2)
    assert "attempts made no progress for 0 minutes" in in_words(hanging.error)
    assert "hanging_jobs.py" in hanging.traceback
    slow.refresh_from_db()
    assert (slow.state, slow.attempts, slow.done) == (JobState.DONE, 1, 16)
    assert (slow.finished_at - slow.started_at).total_seconds() > 12, "twice its patience"
