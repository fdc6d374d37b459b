"""If an ingest is interrupted, the next attempt completes it, with correct counters."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from tests.integration.archive.sky import (
    assert_archive_equals,
    counters,
    make_sky,
    make_survey,
    row,
    run_ingest,
    store,
    work_on,
    write_cube,
    write_manifest,
)
from webapp.archive.ingest import pipeline
from webapp.archive.ingest import store as keeping
from webapp.archive.ingest.create_run import new_run
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestRun, Subject
from webapp.core import sql
from webapp.core.jobs import Cancelled, LeaseLost
from webapp.queue.membership import refill


class Killed(BaseException):
    """An exception that no handler catches."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 16)
    monkeypatch.setattr(sql, "WAITS", (0.01, 0.1, 0.5))


def after(times, function, act):
    """Return `function` that calls `act` first, from its `times`-th call on."""
    calls = 0

    def changed(*args, **options):
        nonlocal calls
        calls += 1
        if calls == times:
            act()
        return function(*args, **options)

    return changed


def die():
    raise Killed


def ingest_until_killed(monkeypatch, step, times, work):
    """Kill the ingest at a step of batch number `times`."""
    with monkeypatch.context() as patched:
        patched.setattr(keeping, step, after(times, getattr(keeping, step), die))
        with pytest.raises(Killed):
            work()


def lose_the_lease(run):
    IngestRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["write_subjects", "write_frames", "put_into_set", "report"])
def test_a_second_attempt_goes_on_where_the_first_died(tmp_path, monkeypatch, step):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 100)
    with (tmp_path / "night" / "manifest.csv").open("a") as file:
        file.write("bad,stamp,none.fits,,,\n")
    run = new_run(survey=survey, path=tmp_path / "night", by=None)
    ingest_until_killed(monkeypatch, step, 3, lambda: work_on(run))
    run.refresh_from_db()
    half = run.added
    assert 0 < half == Subject.objects.count() < 100
    assert run.state == "running"
    lose_the_lease(run)
    ended = work_on(run)
    assert (ended.state, ended.attempts) == ("done", 2)
    assert counters(ended) == {"done": 101, "added": 100, "known": 0, "duplicates": 0, "bad": 1}
    assert ended.problems.count() == 1
    assert_archive_equals(survey, truth)
    assert store().length("atlas", "1x1x8x8-float32") == 100, "what the first attempt left was written over"


@pytest.mark.django_db(transaction=True)
def test_another_run_goes_on_too(tmp_path, monkeypatch):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 100)
    ingest_until_killed(monkeypatch, "write_frames", 3, lambda: run_ingest(survey, tmp_path / "night"))
    half = Subject.objects.count()
    again = run_ingest(survey, tmp_path / "night")
    assert counters(again) == {"done": 100, "added": 100 - half, "known": half, "duplicates": 0, "bad": 0}
    assert_archive_equals(survey, truth)


@pytest.mark.django_db(transaction=True)
def test_other_pixels_go_where_a_dead_attempt_left_its_own(tmp_path, monkeypatch):
    survey = make_survey()
    make_sky(tmp_path / "night", 50)
    ingest_until_killed(monkeypatch, "write_frames", 1, lambda: run_ingest(survey, tmp_path / "night"))
    assert not Subject.objects.exists()
    pixels = write_cube(tmp_path / "other" / "b.fits", seed=5)
    write_manifest(tmp_path / "other", [row(f"b{plane}", image="b.fits", plane=plane) for plane in range(16)])
    run_ingest(survey, tmp_path / "other")
    assert_archive_equals(survey, {f"b{plane}": pixels[plane] for plane in range(16)})


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lost_its_lease_writes_nothing_more(tmp_path, monkeypatch):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 100)
    run = new_run(survey=survey, path=tmp_path / "night", by=None)
    slow = IngestRun.objects.claim(run.pk)

    def taken_over():
        monkeypatch.undo()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    def elsewhere():
        try:
            lose_the_lease(run)
            work_on(run)
        finally:
            connection.close()

    monkeypatch.setattr("webapp.archive.ingest.pipeline.store_batch", after(3, keeping.store_batch, taken_over))
    with pytest.raises(LeaseLost):
        ingest(slow, stored=refill)
    ended = IngestRun.objects.get(pk=run.pk)
    assert (ended.state, ended.attempts, ended.added) == ("done", 2, 100)
    assert_archive_equals(survey, truth)


@pytest.mark.django_db
def test_a_reader_that_waits_makes_no_progress_though_the_lease_is_renewed(tmp_path):
    make_sky(tmp_path / "night", 10)
    run = IngestRun.objects.claim(new_run(survey=make_survey(), path=tmp_path / "night", by=None).pk)
    reader = SimpleNamespace(seen=3, total=10)

    def is_hung_after_a_report():
        run.progressed_at = -run.patience.total_seconds()
        IngestRun.objects.update(lease_until=None)
        pipeline._still_here(run, reader, lambda run: None)
        assert IngestRun.objects.held().exists()
        return run.is_hung

    assert not is_hung_after_a_report()
    assert is_hung_after_a_report()
    reader.seen = 4
    assert not is_hung_after_a_report()


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_run_keeps_what_is_in(tmp_path, monkeypatch):
    survey = make_survey()
    make_sky(tmp_path / "night", 100)
    run = new_run(survey=survey, path=tmp_path / "night", by=None)
    monkeypatch.setattr("webapp.archive.ingest.pipeline.store_batch", after(3, keeping.store_batch, run.request_cancel))
    with pytest.raises(Cancelled):
        work_on(run)
    run.refresh_from_db()
    assert 0 < run.added == Subject.objects.count() < 100


@pytest.mark.django_db(transaction=True)
def test_a_run_is_cancelled_while_its_reader_hangs(tmp_path, monkeypatch):
    make_sky(tmp_path / "night", 4)
    run = new_run(survey=make_survey(), path=tmp_path / "night", by=None)
    answer = threading.Event()
    monkeypatch.setattr("webapp.archive.ingest.reader.read_subjects", lambda *_: iter(answer.wait, True))
    monkeypatch.setattr("webapp.archive.ingest.reader.PATIENCE", 0.5)

    def from_the_page():
        run.request_cancel()
        connection.close()

    cancel = threading.Timer(1, from_the_page)
    cancel.start()
    with pytest.raises(Cancelled):
        work_on(run)  # while the reader still waits
    answer.set()
    cancel.join()


def cut_all_connections():
    """Drop the ingest's database connections, as a server restart does."""
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["unknown", "write_frames", "report"])
def test_a_connection_cut_within_a_batch_costs_that_batch_a_second_try(tmp_path, monkeypatch, step):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 100)
    monkeypatch.setattr(keeping, step, after(3, getattr(keeping, step), cut_all_connections))
    run = run_ingest(survey, tmp_path / "night")
    assert (run.state, run.attempts) == ("done", 1)
    assert counters(run) == {"done": 100, "added": 100, "known": 0, "duplicates": 0, "bad": 0}
    assert_archive_equals(survey, truth)


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_was_lost_is_not_done_again(tmp_path, monkeypatch):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 100)
    run = sql._Attempt.run

    def deaf(attempt):
        run(attempt)
        monkeypatch.setattr(sql._Attempt, "run", run)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(sql._Attempt, "run", deaf)
    ended = run_ingest(survey, tmp_path / "night")
    assert counters(ended) == {"done": 100, "added": 100, "known": 0, "duplicates": 0, "bad": 0}
    assert_archive_equals(survey, truth)


@pytest.mark.django_db
def test_bad_rows_of_an_earlier_attempt_stay_bad_though_their_names_are_stored_by_now(tmp_path, monkeypatch):
    """The page lists them, and would say that there are none."""
    survey = make_survey()
    write_cube(tmp_path / "a.fits")
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 1)
    rows = [row("one", image="none.fits"), row("one", image="a.fits", plane=0), row("one", image="a.fits", plane=1)]
    write_manifest(tmp_path, [*rows, *(row(f"later-{plane}", image="a.fits", plane=plane) for plane in range(2, 8))])
    run = new_run(survey=survey, path=tmp_path, by=None)
    ingest_until_killed(monkeypatch, "write_subjects", 4, lambda: work_on(run))
    lose_the_lease(run)
    wanted = {"done": 9, "added": 7, "known": 0, "duplicates": 0, "bad": 2}
    assert counters(work_on(run)) == counters(run_ingest(make_survey("afresh"), tmp_path)) == wanted
    assert run.problems.count() == 2
