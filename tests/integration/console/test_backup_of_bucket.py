"""Pixels in a bucket are backed up as they are, come back whole, and are never written elsewhere."""

import json
from functools import partial
from uuid import uuid4

import boto3
import pytest
from django.core.management import CommandError, call_command

from tests.integration.archive.test_bucket import server  # noqa: F401  # one S3 server
from tests.integration.console.test_backup import data, restore, stored, write  # noqa: F401
from webapp.console.backup import pixel_objects
from webapp.console.backup.repository import Repository

pytestmark = pytest.mark.django_db(transaction=True)


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
