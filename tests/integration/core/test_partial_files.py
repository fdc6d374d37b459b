"""What a killed process has written in part is deleted after a day; what is whole, or being written, stays."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest
from django.conf import settings

from tasks import housekeeping
from tests.integration.learning import sky
from webapp.core.partial_files import LEFT_SECONDS, delete_left, whole_folder
from webapp.learning import label_snapshot, test_sets
from webapp.learning.model_roles import Classes

LABEL = label_snapshot.Label(1, "a", "1x1x8x8-float32", 0, "a", "yes", ("yes",), 1.0, "gold")


def age(path, seconds=LEFT_SECONDS + 60):
    for each in (path, *path.rglob("*")):
        os.utime(each, (time.time() - seconds,) * 2)


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def die_in(work):
    """Do some work in a process that is killed in the middle of it."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == -9


def test_what_was_left_half_written_goes_and_all_else_stays(tmp_path, settings):
    settings.DATA, settings.PIXELS = tmp_path, str(tmp_path / "pixels")
    left = [
        write(tmp_path / "checkpoints/.night-3-0.partial/weights.safetensors").parent,
        write(tmp_path / "training-sets/.0a1b-77.partial"),
        write(tmp_path / "pixels/night/a/c/0.5f2e.partial"),
    ]
    whole = [
        write(tmp_path / "training-sets/0a1b.parquet"),
        write(tmp_path / "pixels/night/a/c/0"),
        write(tmp_path / "inbox/night/somebodys-own.partial"),
        write(tmp_path / "postgres/.of-the-server.partial"),
    ]
    for path in (*left, *whole):
        age(path)
    at_work = write(tmp_path / "imports/1/.0123456789abcdef.partial/file.csv")
    age(at_work.parent)
    os.utime(at_work)
    delete_left()
    assert all(path.exists() for path in (*whole, at_work))
    assert not any(path.exists() for path in left)


def test_a_killed_snapshot_of_labels_leaves_nothing_for_ever(monkeypatch):
    def killed(*_args):
        os.kill(os.getpid(), 9)

    monkeypatch.setattr(os, "replace", killed)
    die_in(lambda: label_snapshot.write_snapshot(test_sets.FOLDER, "0" * 64, [LABEL], Classes(("a",), ("a",))))
    (left,) = label_snapshot.path_of(test_sets.FOLDER, "0" * 64).parent.glob(".*")
    delete_left()
    assert left.exists(), "somebody may still write it"
    age(left)
    delete_left()
    assert not left.exists()


def test_a_killed_upload_leaves_nothing_for_ever():
    folder = Path(settings.DATA) / "checkpoints" / "night-8-0"

    def upload():
        with whole_folder(folder) as partial:
            write(partial / "weights.safetensors")
            os.kill(os.getpid(), 9)

    die_in(upload)
    (left,) = folder.parent.glob(".night-8-0*")
    age(left)
    delete_left()
    assert (left.exists(), folder.exists()) == (False, False)


@pytest.mark.django_db
def test_the_nightly_task_deletes_it():
    sky.survey("night")
    left = write(Path(settings.DATA) / "training-sets" / ".0a1b-77.partial")
    age(left)
    housekeeping.nightly_retention()
    assert not left.exists()
