"""`restore` restores what `backup` wrote: the database and every file, or it says why not and changes nothing."""

import json
import os
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from django.core.management import CommandError, call_command
from django.db import connection

from tests.integration.archive.test_bucket import server  # noqa: F401  # one S3 server
from tests.integration.operations.alerting import doctor
from webapp.archive.models import Survey
from webapp.console.backup import database
from webapp.core.models import Backup, Heartbeat, Process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def data(tmp_path, settings):
    """A data folder with pixels, weights and a secret."""
    folder = tmp_path / "data"
    for path, content in {
        "pixels/a/0": b"\1" * 3_000_000,
        "checkpoints/1/weights": b"w",
        "uploads/x.png": b"w",
    }.items():
        write(folder / path, content)
    write(folder / "log/web.log", b"not backed up")
    (folder / "secret-key").touch(mode=0o600)
    settings.DATA, settings.PIXELS = folder, str(folder / "pixels")
    return folder


def write(path: Path, content: bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def stored(folder: Path) -> set[str]:
    return {path.name for path in (folder / "content").rglob("*") if path.is_file()}


def restore(address, **options):
    connection.close()
    call_command("restore", address, **options)


def test_what_was_backed_up_comes_back(data, tmp_path):
    Survey.objects.create(slug="atlas", name="ATLAS")
    call_command("backup", tmp_path / "backups")
    assert (tmp_path / "backups").stat().st_mode & 0o077 == 0, "nobody else can read passwords and keys"
    Survey.objects.all().delete()
    Survey.objects.create(slug="later", name="Later")
    shutil.rmtree(data)
    write(data / "checkpoints/1/weights", b"damaged")
    restore(tmp_path / "backups")
    assert [survey.slug for survey in Survey.objects.all()] == ["atlas"]
    assert (data / "pixels/a/0").read_bytes() == b"\1" * 3_000_000
    assert (data / "checkpoints/1/weights").read_bytes() == b"w"
    assert (data / "secret-key").stat().st_mode & 0o777 == 0o600
    assert not (data / "log").exists()


def test_a_restored_site_knows_the_backup_that_it_came_from(data, tmp_path, capsys):
    call_command("backup", tmp_path / "backups")
    made = Backup.objects.get()
    Backup.objects.all().delete()
    restore(tmp_path / "backups")
    known = Backup.objects.get()
    assert (known.address, known.name, known.files, known.size) == (made.address, made.name, made.files, made.size)
    assert timedelta() < made.finished_at - known.finished_at < timedelta(minutes=5)
    said, _is_well = doctor(capsys)
    assert "No backup is less than a week old" not in said
    assert "Last backup: just now" in said


def test_a_file_that_rotted_without_a_change_of_size_or_time_is_restored(data, tmp_path):
    call_command("backup", tmp_path / "backups")
    rotten = data / "pixels/a/0"
    before = rotten.stat()
    rotten.write_bytes(b"\2" * before.st_size)
    os.utime(rotten, ns=(before.st_atime_ns, before.st_mtime_ns))
    restore(tmp_path / "backups")
    assert rotten.read_bytes() == b"\1" * 3_000_000


def test_the_next_backup_copies_only_what_is_new(data, tmp_path, capsys):
    call_command("backup", tmp_path / "backups")
    before = stored(tmp_path / "backups")
    write(data / "pixels/a/1", b"new")
    (data / "uploads/x.png").unlink()
    call_command("backup", tmp_path / "backups")
    added = stored(tmp_path / "backups") - before
    assert len(added) == 2, "the new chunk and the new dump"
    assert "; the database and 1 file were copied." in capsys.readouterr().out
    first, second = Backup.objects.order_by("pk")
    assert (first.files, second.files) == (4, 4)
    restore(tmp_path / "backups", name=first.name)
    assert (data / "uploads/x.png").exists()


def test_a_backup_is_taken_while_the_site_writes(data, tmp_path):
    """Rows and files of one moment: no row of the backup lacks its file, although both are being added."""
    stop = threading.Event()

    def keep_writing():
        number = 0
        while not stop.is_set():
            number += 1
            write(data / f"uploads/{number}.png", b"%d" % number)
            Survey.objects.create(slug=f"survey-{number}", name=str(number))
        connection.close()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        while Survey.objects.count() < 20:
            pass
        call_command("backup", tmp_path / "backups")
    finally:
        stop.set()
        writer.join()
    written = Survey.objects.count()
    shutil.rmtree(data)
    restore(tmp_path / "backups")
    names = set(Survey.objects.values_list("name", flat=True))
    assert 20 <= len(names) <= written
    assert names <= {path.stem for path in (data / "uploads").iterdir()}


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_backup_is_noticed_and_changes_nothing(data, tmp_path, damage):
    Survey.objects.create(slug="atlas", name="ATLAS")
    call_command("backup", tmp_path / "backups")
    call_command("backup", tmp_path / "backups", verify=True)
    largest = max((tmp_path / "backups/content").rglob("*"), key=lambda path: path.stat().st_size)
    if damage == "missing":
        largest.unlink()
    else:
        largest.write_bytes(largest.read_bytes()[:-1] + b"\2")
    Survey.objects.all().delete()
    with pytest.raises(CommandError, match="pixels/a/0"):
        call_command("backup", tmp_path / "backups", verify=True)
    with pytest.raises(CommandError, match=r"pixels/a/0.* Nothing was changed"):
        restore(tmp_path / "backups")
    assert not Survey.objects.exists()


def test_a_backup_that_was_killed_half_way_is_taken_again(data, tmp_path):
    call_command("backup", tmp_path / "backups")
    (manifest,) = (tmp_path / "backups/backups").iterdir()
    manifest.unlink()
    largest = max((tmp_path / "backups/content").rglob("*"), key=lambda path: path.stat().st_size)
    largest.write_bytes(b"half")
    with pytest.raises(CommandError, match="no finished backup"):
        restore(tmp_path / "backups")
    call_command("backup", tmp_path / "backups")
    call_command("backup", tmp_path / "backups", verify=True)


def test_a_running_site_is_not_restored(data, tmp_path):
    call_command("backup", tmp_path / "backups")
    Heartbeat.objects.write(Process.BEAT)
    with pytest.raises(CommandError, match="Stop it"):
        restore(tmp_path / "backups")


def test_a_backup_asks_for_the_server_that_the_site_asks_for(tmp_path, monkeypatch):
    """Of the hosts in DATABASE_URL, some may be standbys; here the only one is none."""
    with database.snapshot() as moment:
        database.dump(tmp_path / "dump", moment)
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "target_session_attrs", "standby")
        with pytest.raises(CommandError, match="not in hot standby mode"):
            database.dump(tmp_path / "dump", moment)


def test_a_forged_path_leaves_the_data_folder_never(data, tmp_path):
    call_command("backup", tmp_path / "backups")
    (manifest,) = (tmp_path / "backups/backups").iterdir()
    forged = json.loads(manifest.read_text())
    forged["files"][0]["path"] = "../outside"
    manifest.write_text(json.dumps(forged))
    with pytest.raises(CommandError, match="outside the data folder"):
        restore(tmp_path / "backups")
    assert not (tmp_path / "outside").exists()


def test_a_site_is_backed_up_into_a_bucket(data, server):  # noqa: F811
    boto3.client("s3").create_bucket(Bucket="safe")
    Survey.objects.create(slug="atlas", name="ATLAS")
    call_command("backup", "s3://safe/site")
    Survey.objects.all().delete()
    shutil.rmtree(data)
    restore("s3://safe/site")
    assert Survey.objects.get().slug == "atlas"
    assert (data / "pixels/a/0").stat().st_size == 3_000_000


def test_a_place_that_cannot_be_written_is_named_in_a_sentence(data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"file.*: Not a directory\. Mend that"):
        call_command("backup", tmp_path / "file")


def test_a_bucket_without_credentials_is_told_in_a_sentence(data, monkeypatch):
    monkeypatch.setattr("webapp.console.backup.snapshots.Repository", Mock(side_effect=NoCredentialsError))
    with pytest.raises(CommandError, match=r"Unable to locate credentials\. Mend that"):
        call_command("backup", "s3://nobodys-own/site")


def test_a_site_without_its_database_programs_leaves_no_backup(data, tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.console.backup.database.ADDRESS", ("nothing",))
    monkeypatch.setenv("PGHOST", str(tmp_path))
    with pytest.raises(CommandError, match="pg_dump failed"):
        call_command("backup", tmp_path / "backups")
    with pytest.raises(CommandError, match="no finished backup"):
        restore(tmp_path / "backups")
