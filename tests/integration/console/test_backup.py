"""`restore` restores what `backup` wrote: the database and every file, or it says why not and changes nothing."""

import json
import os
import shutil
import threading
from functools import partial
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from django.core.management import CommandError, call_command
from django.db import connection

from tests.integration.archive.test_bucket import server  # noqa: F401  # one S3 server
from webapp.archive.models import Survey
from webapp.console.backup import database, pixel_objects
from webapp.console.backup.repository import Repository
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
    assert "1 contents were new" in capsys.readouterr().out
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


@pytest.fixture
def pixels_in_bucket(data, server, settings):  # noqa: F811
    """Two objects with pixels in a bucket."""
    client, name = boto3.client("s3"), f"pixels-{uuid4().hex}"
    client.create_bucket(Bucket=name)
    for key, content in {"pixels/atlas/0": b"first", "pixels/atlas/1": b"second", "other": b"x"}.items():
        client.put_object(Bucket=name, Key=key, Body=content)
    settings.PIXELS = f"s3://{name}/pixels"
    return client, name


def contents(bucket):
    client, name = bucket
    found = client.list_objects_v2(Bucket=name, Prefix="pixels/")["Contents"]
    return {each["Key"]: client.get_object(Bucket=name, Key=each["Key"])["Body"].read() for each in found}


def test_pixels_in_a_bucket_come_back_without_any_help_of_the_bucket(pixels_in_bucket, tmp_path, capsys):
    client, bucket = pixels_in_bucket
    before = contents(pixels_in_bucket)
    call_command("backup", tmp_path / "backups")
    assert "2 objects, 0.0 MB, are recorded and copied" in capsys.readouterr().out
    client.delete_object(Bucket=bucket, Key="pixels/atlas/0")
    client.put_object(Bucket=bucket, Key="pixels/atlas/1", Body=b"SECOND")
    client.put_object(Bucket=bucket, Key="pixels/atlas/2", Body=b"of a later ingest")
    restore(tmp_path / "backups")
    assert contents(pixels_in_bucket) == before | {"pixels/atlas/2": b"of a later ingest"}


def test_the_next_backup_copies_only_new_objects_and_both_can_be_restored(pixels_in_bucket, tmp_path, monkeypatch):
    client, bucket = pixels_in_bucket
    call_command("backup", tmp_path / "backups")
    copied, copy = [], pixel_objects._Pixels.copy
    monkeypatch.setattr(
        pixel_objects._Pixels, "copy", lambda self, each, place: copied.append(each.path) or copy(self, each, place)
    )
    client.put_object(Bucket=bucket, Key="pixels/atlas/1", Body=b"SECOND")
    client.put_object(Bucket=bucket, Key="pixels/atlas/2", Body=b"third")
    call_command("backup", tmp_path / "backups")
    assert copied == ["atlas/1", "atlas/2"]
    first, second = sorted(path.stem for path in (tmp_path / "backups/backups").iterdir())
    restore(tmp_path / "backups", name=first)
    assert contents(pixels_in_bucket)["pixels/atlas/1"] == b"second"
    restore(tmp_path / "backups", name=second)
    assert contents(pixels_in_bucket)["pixels/atlas/1"] == b"SECOND"


def test_a_rotten_copy_of_pixels_is_noticed_before_anything_changes(pixels_in_bucket, tmp_path):
    client, bucket = pixels_in_bucket
    call_command("backup", tmp_path / "backups")
    [copy] = [
        path for path in (tmp_path / "backups/content").rglob("*") if path.is_file() and path.read_bytes() == b"first"
    ]
    copy.write_bytes(b"FIRST")
    client.delete_object(Bucket=bucket, Key="pixels/atlas/1")
    for command in (partial(call_command, "backup", verify=True), restore):
        with pytest.raises(CommandError, match="copy of atlas/0 has changed: its hash is wrong"):
            command(tmp_path / "backups")
    assert [*contents(pixels_in_bucket)] == ["pixels/atlas/0"]


def test_pruning_keeps_the_objects_of_the_backups_that_stay(pixels_in_bucket, tmp_path):
    client, bucket = pixels_in_bucket
    call_command("backup", tmp_path / "backups")
    client.put_object(Bucket=bucket, Key="pixels/atlas/1", Body=b"SECOND")
    call_command("backup", tmp_path / "backups", keep=1)
    left = {path.read_bytes() for path in (tmp_path / "backups/content").rglob("*") if path.is_file()}
    assert {b"first", b"SECOND"} <= left
    assert b"second" not in left
    call_command("backup", tmp_path / "backups", verify=True)


def test_an_object_that_is_rewritten_while_it_is_copied_is_copied_as_it_then_is(
    pixels_in_bucket, tmp_path, monkeypatch
):
    client, bucket = pixels_in_bucket
    later, add = [b"SECOND"], Repository.add

    def rewritten(self, source, path, known=None):
        if path == "atlas/1" and later:
            client.put_object(Bucket=bucket, Key="pixels/atlas/1", Body=later.pop())
        return add(self, source, path, known)

    monkeypatch.setattr(Repository, "add", rewritten)
    call_command("backup", tmp_path / "backups")
    client.delete_object(Bucket=bucket, Key="pixels/atlas/1")
    restore(tmp_path / "backups")
    assert contents(pixels_in_bucket)["pixels/atlas/1"] == b"SECOND"


def test_a_site_moves_from_a_bucket_into_a_folder(pixels_in_bucket, tmp_path, settings):
    call_command("backup", tmp_path / "backups")
    settings.PIXELS = str(tmp_path / "moved")
    restore(tmp_path / "backups")
    assert (tmp_path / "moved/atlas/0").read_bytes() == b"first"


def test_a_forged_object_leaves_the_place_of_the_pixels_never(pixels_in_bucket, tmp_path, settings):
    call_command("backup", tmp_path / "backups")
    (manifest,) = (tmp_path / "backups/backups").iterdir()
    manifest.write_text(manifest.read_text().replace('"atlas/0"', '"../../evil"'))
    settings.PIXELS = str(tmp_path / "deep/er/pixels")
    with pytest.raises(CommandError, match="outside the place of the pixels"):
        restore(tmp_path / "backups")
    assert not list(tmp_path.rglob("evil"))


def test_pixels_in_a_bucket_are_recorded_and_known_to_be_as_they_were(pixels_in_bucket, tmp_path, capsys):
    call_command("backup", tmp_path / "backups", without_pixels=True)
    assert "2 objects, 0.0 MB, are recorded and not copied" in capsys.readouterr().out
    (manifest,) = (tmp_path / "backups/backups").iterdir()
    recorded = [(each["path"], each["size"]) for each in json.loads(manifest.read_text())["objects"]]
    assert recorded == [("atlas/0", 5), ("atlas/1", 6)]
    call_command("backup", tmp_path / "backups", verify=True)
    assert "All 2 objects with pixels are in the bucket as they were" in capsys.readouterr().out


def test_a_changed_object_with_pixels_is_named_and_a_missing_one_is_an_error(pixels_in_bucket, tmp_path, capsys):
    client, bucket = pixels_in_bucket
    call_command("backup", tmp_path / "backups", without_pixels=True)
    client.put_object(Bucket=bucket, Key="pixels/atlas/1", Body=b"SECOND")
    client.put_object(Bucket=bucket, Key="pixels/atlas/2", Body=b"of a later ingest")
    capsys.readouterr()
    call_command("backup", tmp_path / "backups", verify=True)
    assert "0 are missing in the bucket and 1 have changed since, such as atlas/1" in capsys.readouterr().out
    client.delete_object(Bucket=bucket, Key="pixels/atlas/0")
    with pytest.raises(CommandError, match="1 are missing in the bucket and 1 have changed since, such as atlas/0"):
        call_command("backup", tmp_path / "backups", verify=True)
    restore(tmp_path / "backups")
    assert "1 are missing in the bucket" in capsys.readouterr().out, "the rest is restored all the same"


def test_a_backup_of_a_site_whose_bucket_is_out_of_reach_is_not_finished(data, server, settings, tmp_path):  # noqa: F811
    settings.PIXELS = "s3://nowhere-at-all/pixels"
    with pytest.raises(CommandError, match="cannot be listed"):
        call_command("backup", tmp_path / "backups")
    with pytest.raises(CommandError, match="no finished backup"):
        restore(tmp_path / "backups")


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
