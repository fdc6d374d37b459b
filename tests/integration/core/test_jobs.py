"""A job is owned by one worker at a time, whatever the messages."""

import errno
import time
from datetime import timedelta

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from django.db.models import F
from django.utils import timezone

from tasks import base_task
from webapp.archive.models import IngestRun, Survey
from webapp.core.jobs import MAX_ATTEMPTS, Cancelled, JobState, LeaseLost

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    survey = Survey.objects.create(slug="atlas", name="ATLAS")
    return IngestRun.objects.create(survey=survey, path="night", subject_set="night")


def expire(run):
    IngestRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_message_delivered_twice_is_worked_on_once(run):
    assert IngestRun.objects.claim(run.pk) is not None
    assert IngestRun.objects.claim(run.pk) is None


def test_a_dead_workers_job_goes_to_the_next_and_the_dead_one_cannot_write(run):
    first = IngestRun.objects.claim(run.pk)
    expire(run)
    second = IngestRun.objects.claim(run.pk)
    with pytest.raises(LeaseLost):
        first.renew(done=99)
    second.renew(done=5)
    second.finish()
    run.refresh_from_db()
    assert (run.done, run.state, run.attempts) == (5, JobState.DONE, 2)


def test_a_finished_job_is_never_run_again(run):
    IngestRun.objects.claim(run.pk).finish()
    expire(run)
    assert IngestRun.objects.claim(run.pk) is None


def test_cancel_ends_a_running_job_at_its_next_report(run):
    owner = IngestRun.objects.claim(run.pk)
    run.request_cancel()
    with pytest.raises(Cancelled):
        owner.renew(done=1)


def test_cancel_ends_a_waiting_job_at_once(run):
    run.request_cancel()
    run.refresh_from_db()
    assert run.state == JobState.CANCELLED
    assert IngestRun.objects.claim(run.pk) is None


def test_a_job_that_keeps_killing_its_worker_is_given_up_with_a_sentence(run):
    for _ in range(MAX_ATTEMPTS):
        assert IngestRun.objects.claim(run.pk) is not None
        expire(run)
    assert IngestRun.objects.claim(run.pk) is None
    assert IngestRun.objects.give_up() == 1
    run.refresh_from_db()
    assert run.state == JobState.FAILED
    assert "worker" in run.error


def test_a_job_that_hung_in_its_last_attempt_is_given_up_with_that_reason_and_where_it_hung(run):
    for _ in range(MAX_ATTEMPTS):
        IngestRun.objects.claim(run.pk).release("in read()")
    assert IngestRun.objects.give_up() == 1
    run.refresh_from_db()
    assert "made no progress for 120 minutes" in run.error
    assert run.traceback == "in read()"


def test_a_job_that_hung_once_and_crashed_since_is_given_up_as_crashed(run):
    IngestRun.objects.claim(run.pk).release("in read()")
    for _ in range(MAX_ATTEMPTS - 1):
        assert IngestRun.objects.claim(run.pk) is not None
        expire(run)
    IngestRun.objects.give_up()
    run.refresh_from_db()
    assert ("crashed" in run.error, run.traceback) == (True, "")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_job_that_meets_a_full_disk_goes_on_when_there_is_room_again(run, code):
    def full(row):
        raise OSError(code, "No space left on device")

    base_task._work(full, IngestRun.objects.claim(run.pk))
    run.refresh_from_db()
    assert (run.state, run.error) == (JobState.RUNNING, "")
    assert "Free some space" in run.message
    assert run.lease_until - run.started_at < timedelta(seconds=15), "tried again soon"
    expire(run)
    base_task._work(lambda row: row.finish(), IngestRun.objects.claim(run.pk))
    run.refresh_from_db()
    assert (run.state, run.attempts, run.message) == (JobState.DONE, 2, "")


@pytest.mark.parametrize(
    "error", [EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError, ConnectionClosedError]
)
def test_a_job_whose_bucket_does_not_answer_goes_on_when_it_does(run, error):
    def read(row):
        try:
            raise error(endpoint_url="http://storage:8333/sky")
        except error as cause:
            raise OSError("The pixels could not be read.") from cause

    for _ in range(2 * MAX_ATTEMPTS):
        base_task._work(read, IngestRun.objects.claim(run.pk))
        expire(run)
    run.refresh_from_db()
    assert (run.state, run.error) == (JobState.RUNNING, "")
    assert "does not answer" in run.message
    base_task._work(lambda row: row.finish(), IngestRun.objects.claim(run.pk))
    run.refresh_from_db()
    assert (run.state, run.message) == (JobState.DONE, "")


def test_a_bucket_that_refuses_fails_the_job(run):
    def read(row):
        raise NoCredentialsError

    base_task._work(read, IngestRun.objects.claim(run.pk))
    run.refresh_from_db()
    assert run.state == JobState.FAILED


def test_a_job_whose_disk_stays_full_waits_for_room_as_long_as_it_takes(run):
    def full(row):
        raise OSError(errno.ENOSPC, "No space left on device")

    for _ in range(2 * MAX_ATTEMPTS):
        base_task._work(full, IngestRun.objects.claim(run.pk))
        expire(run)
        assert IngestRun.objects.give_up() == 0
    crash(run, MAX_ATTEMPTS)
    assert IngestRun.objects.give_up() == 1, "without progress, as any other job"


def crash(run, times, *, at=0):
    """Let workers die that got as far as `at`."""
    for _ in range(times):
        IngestRun.objects.claim(run.pk).renew(done=at)
        expire(run)


def test_a_job_that_gets_further_with_every_attempt_is_never_given_up(run):
    for epoch in range(1, 3 * MAX_ATTEMPTS):
        crash(run, 1, at=epoch)
        assert IngestRun.objects.give_up() == 0
    run.refresh_from_db()
    assert run.attempts == 3 * MAX_ATTEMPTS - 1, "each attempt has a number of its own"


def test_a_job_that_dies_again_and_again_at_the_same_place_is_given_up(run):
    """It reports progress every time, but no more than before."""
    crash(run, 3, at=200)
    crash(run, MAX_ATTEMPTS - 2, at=150)
    assert IngestRun.objects.claim(run.pk) is None
    assert IngestRun.objects.give_up() == 1


def test_a_job_that_was_given_up_gets_one_more_attempt_with_a_number_of_its_own(run):
    crash(run, MAX_ATTEMPTS)
    IngestRun.objects.give_up()
    run.retry()
    assert IngestRun.objects.claim(run.pk).attempts == MAX_ATTEMPTS + 1
    expire(run)
    assert IngestRun.objects.give_up() == 1


def test_only_its_own_reports_are_a_jobs_progress(run):
    owner = IngestRun.objects.claim(run.pk)
    owner.progressed_at = time.monotonic() - owner.patience.total_seconds() - 1
    owner.extend_lease()
    assert owner.is_hung
    owner.renew(done=1)
    assert not owner.is_hung


def test_the_sweep_finds_lost_messages_and_no_others(run):
    assert list(IngestRun.objects.stuck()) == [run]
    run.enqueue()
    assert not IngestRun.objects.stuck().exists()
    IngestRun.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    assert list(IngestRun.objects.stuck()) == [run]


def waiting(run, *, created, sent):
    now = timezone.now()
    IngestRun.objects.filter(pk=run.pk).update(created_at=now - created, sent_at=now - sent)
    return IngestRun.objects.stuck().exists()


def test_a_job_that_waits_for_its_turn_is_announced_ever_more_rarely(run):
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert waiting(run, created=2 * minute, sent=minute * 1.1)
    assert not waiting(run, created=10 * minute, sent=4 * minute)
    assert waiting(run, created=10 * minute, sent=6 * minute)
    assert not waiting(run, created=9 * hour, sent=9 * minute)
    assert waiting(run, created=9 * hour, sent=11 * minute)


def test_a_job_that_has_waited_for_long_is_announced_soon_if_the_broker_has_lost_its_messages(run):
    now = timezone.now()
    IngestRun.objects.update(created_at=now - timedelta(hours=9), sent_at=now - timedelta(seconds=16))
    assert not IngestRun.objects.stuck().exists()
    assert list(IngestRun.objects.stuck(has_messages=False)) == [run]
    run.enqueue()
    assert not IngestRun.objects.stuck(has_messages=False).exists()


def test_a_dead_workers_job_is_announced_at_once_however_long_it_had_waited(run):
    IngestRun.objects.claim(run.pk)
    expire(run)
    assert waiting(run, created=timedelta(hours=9), sent=timedelta(minutes=2))


def test_a_dead_workers_job_goes_on_after_the_clock_was_set_back(run):
    """Its lease and its message are from the future then."""
    run.enqueue()
    IngestRun.objects.claim(run.pk)
    hour = timedelta(hours=1)
    IngestRun.objects.update(lease_until=F("lease_until") + hour, sent_at=F("sent_at") + hour)
    assert list(IngestRun.objects.stuck()) == [run]
    assert IngestRun.objects.claim(run.pk) is not None
    assert list(IngestRun.objects.held()) == [run]


@pytest.mark.parametrize(
    ("state", "done", "total", "fraction"),
    [
        ("queued", 0, None, 0.0),
        ("running", 3, 12, 0.25),
        ("running", 13, 12, 1.0),
        ("failed", 3, 12, 0.25),
        ("done", 3, 12, 1.0),  # a training that stopped early
        ("done", 0, 12, 1.0),
        ("done", 0, None, 1.0),
    ],
)
def test_a_finished_job_is_all_done(run, state, done, total, fraction):
    run.state, run.done, run.total = state, done, total
    assert run.fraction == fraction


def test_the_list_of_ingests_counts_what_a_finished_run_read(run, admin_client):
    IngestRun.objects.update(state="done", done=7, total=12)
    page = admin_client.get("/surveys/atlas/ingest/").content.decode()
    assert '<td class="n">7</td>' in page
    assert "7 of 12" not in page
    IngestRun.objects.update(state="cancelled")
    assert "7 of 12" in admin_client.get("/surveys/atlas/ingest/").content.decode()
