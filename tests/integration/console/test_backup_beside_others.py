"""A backup while others write and delete: it neither fails nor misses what its rows need."""

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from tests.integration.imports.files import PANOPTES, panoptes_row, write_csv
from tests.integration.world import make_workflow
from webapp.console.backup import snapshots
from webapp.core.backup_lock import files_stay
from webapp.core.partial_files import LEFT_SECONDS
from webapp.imports import run_import
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import bring_in, forget_uploads, start_import, store_import_file, upload_path

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def data(tmp_path, settings):
    folder = tmp_path / "data"
    folder.mkdir()
    settings.DATA, settings.PIXELS = folder, str(folder / "pixels")
    return folder


def uploaded(workflow, tmp_path):
    content = write_csv(tmp_path / "theirs.csv", [panoptes_row(1, "ann", "s-0")]).read_bytes()
    return upload_path(workflow, store_import_file(workflow, SimpleUploadedFile("theirs.csv", content)))


def started(workflow, path):
    return ClassificationImport.objects.claim(start_import(workflow=workflow, path=path, by=None, choices=PANOPTES).pk)


def test_an_upload_whose_import_ends_while_a_backup_copies_it_stays_until_then(data, tmp_path):
    workflow = make_workflow(subjects=1)
    path = uploaded(workflow, tmp_path)
    job = started(workflow, path)
    with files_stay():
        bring_in(job)
        forget_uploads()
        assert path.exists(), "the backup has the row of a running import, which needs its file"
    forget_uploads()
    assert not path.parent.exists()


def test_without_a_backup_an_imported_file_goes_at_once_and_others_stay(data, tmp_path):
    workflow = make_workflow(subjects=1)
    done, waiting, unused = (uploaded(workflow, tmp_path) for _ in range(3))
    start_import(workflow=workflow, path=waiting, by=None, choices=PANOPTES)
    bring_in(started(workflow, done))
    forget_uploads()
    assert (done.exists(), waiting.exists(), unused.exists()) == (False, True, True)


def test_what_nobody_goes_on_with_is_forgotten_after_a_week_but_no_file_of_a_waiting_import(
    data, tmp_path, monkeypatch
):
    workflow = make_workflow(subjects=1)
    waiting, unused = uploaded(workflow, tmp_path), uploaded(workflow, tmp_path)
    start_import(workflow=workflow, path=waiting, by=None, choices=PANOPTES)
    monkeypatch.setattr(run_import, "KEPT_SECONDS", -60)
    forget_uploads()
    assert (waiting.exists(), unused.exists()) == (True, False)


def test_a_file_that_grows_while_it_is_fetched_does_not_stop_a_backup(data, tmp_path):
    """A large file that an ingest fetches, and an upload: both grow all the time that a backup looks at them."""
    growing = [data / "remote/ingest-1/0a-big.fits.partial", data / "inbox/night/.upload-1.partial/big.fits"]
    whole = data / "inbox/night/upload-0/whole.fits"
    for path in (*growing, whole):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"\0" * 5_000_000)
    over = threading.Event()

    def grow():
        while not over.is_set():
            for path in growing:
                with path.open("ab") as file:
                    file.write(b"\0" * 1000)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        call_command("backup", tmp_path / "backups")
    finally:
        over.set()
        thread.join()
    repository = snapshots.Repository(str(tmp_path / "backups"))
    (name,) = repository.names()
    assert [file.path for file in repository.load(name).files] == ["inbox/night/upload-0/whole.fits"]


def test_folders_that_go_while_a_backup_lists_them_do_not_stop_it(data):
    over, top = threading.Event(), data / "checkpoints"

    def come_and_go():
        while not over.is_set():
            for number in range(30):
                folder = top / f"{number}"
                (folder / "of" / "weights").mkdir(parents=True)
            for number in range(30):
                shutil.rmtree(top / f"{number}")

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            assert all(isinstance(path, Path) for _name, path in snapshots._sources())
    finally:
        over.set()
        thread.join()


def test_the_next_backup_deletes_what_a_killed_one_has_left_beside_the_data(data, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    old, at_work = tmp_path / "tmp/wanderers-backup-0a", tmp_path / "tmp/wanderers-backup-1b"
    for folder in (old, at_work):
        folder.mkdir(parents=True)
        (folder / "database.dump").write_bytes(b"names and addresses")
    for path in (old, old / "database.dump"):
        os.utime(path, (time.time() - 2 * LEFT_SECONDS,) * 2)
    call_command("backup", tmp_path / "backups")
    assert (old.exists(), at_work.exists()) == (False, True)
