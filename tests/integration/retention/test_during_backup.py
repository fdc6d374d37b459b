"""Retention deletes nothing while a backup copies files, and says so; a backup waits for its last deletion."""

import threading
import time

import pytest
from django.db import OperationalError, connection, transaction

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from tests.integration.retention import test_drop_pixels
from webapp.core.backup_lock import files_stay, may_delete_files
from webapp.retention import drop_pixels
from webapp.retention.models import RetentionRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(monkeypatch):
    """A run that has something to drop."""
    monkeypatch.setattr(drop_pixels, "PAUSE_SECONDS", 0.01)
    workflow = sky.workflow(sky.survey("night", drop_bogus_after=30, keep_bogus=0), min_votes=3)
    test_drop_pixels.settled(workflow, sky.subjects(workflow.survey, [0] * 3))
    return test_drop_pixels.claimed(workflow.survey)


def in_thread(function, *arguments):
    def work():
        try:
            function(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_waits_for_the_end_of_a_backup_and_says_so(run, monkeypatch, admin_client):
    cleared, clear = [], PixelStore.clear
    monkeypatch.setattr(PixelStore, "clear", lambda *args: cleared.append(args) or clear(*args))
    with files_stay():
        running = in_thread(drop_pixels.drop_pixels, run)
        wait_until(lambda: RetentionRun.objects.get().message)
        page = admin_client.get(f"/surveys/{run.survey.slug}/retention/").content.decode()
        assert "A backup is running. This goes on once it has ended." in page
        assert not cleared
    running.join(60)
    assert len(cleared) == 1
    row = RetentionRun.objects.get()
    assert (row.state, row.done, row.message, row.clearing_array) == ("done", 3, "", "")
    page = admin_client.get(f"/surveys/{run.survey.slug}/retention/").content.decode()
    assert "A backup is running" not in page


def test_a_backup_begins_once_what_is_being_deleted_is_gone():
    order = []

    def back_up():
        with files_stay():
            order.append("backup")

    with transaction.atomic():
        assert may_delete_files()
        backup = in_thread(back_up)
        time.sleep(0.3)
        order.append("deleted")
    backup.join(60)
    assert order == ["deleted", "backup"]


def test_a_backup_that_has_lost_its_lock_is_not_finished():
    with files_stay() as require_lock:
        require_lock()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(lock.pid, 5000) FROM pg_locks AS lock JOIN pg_database ON oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
        with pytest.raises(OperationalError):
            require_lock()
