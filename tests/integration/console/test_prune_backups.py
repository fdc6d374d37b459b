"""`backup --keep` removes older backups and what only they needed, and may be killed meanwhile."""

import os
import shutil
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from django.core.management import CommandError, call_command
from fsspec.implementations.local import LocalFileSystem

from tests.integration.archive.test_bucket import server  # noqa: F401  # one S3 server
from tests.integration.console.test_backup import data, restore, stored, write  # noqa: F401
from webapp.console.backup.repository import Damaged, Repository
from webapp.console.backup.snapshots import prune, verify
from webapp.core.models import Backup

pytestmark = pytest.mark.django_db(transaction=True)


def back_up_with(data, address, content, **options):  # noqa: F811
    """Back up with a file of this content; return the backup's name."""
    write(data / "uploads/x.png", content)
    call_command("backup", address, **options)
    return Backup.objects.newest().name


def test_older_backups_are_removed_with_what_only_they_needed(data, tmp_path, capsys):  # noqa: F811
    address = tmp_path / "backups"
    _, _, third = (back_up_with(data, address, content) for content in (b"one", b"two", b"three"))
    fourth = back_up_with(data, address, b"four", keep=2)
    assert Repository(str(address)).names() == [third, fourth]
    assert {*Backup.objects.values_list("name", flat=True)} == {third, fourth}
    gone = {sha256(content).hexdigest() for content in (b"one", b"two")}
    assert not stored(address) & gone
    assert "Removed 2 older backups, and 4 contents" in capsys.readouterr().out, "two files and two dumps"
    for name in (third, fourth):
        call_command("backup", address, verify=True, name=name)
    restore(address, name=third)
    assert (data / "uploads/x.png").read_bytes() == b"three"
    assert (data / "pixels/a/0").exists()


def test_a_removal_that_is_killed_breaks_no_backup_and_the_next_removes_the_rest(data, tmp_path, monkeypatch):  # noqa: F811
    for content in (b"one", b"two", b"three"):
        back_up_with(data, tmp_path / "backups", content)
    for steps in range(6):
        address = str(shutil.copytree(tmp_path / "backups", tmp_path / f"killed-at-{steps}"))
        with monkeypatch.context() as killing:
            left = kill_at(steps, address, killing)
            with pytest.raises(KeyboardInterrupt):
                prune(address, 1)
        assert left == [0]
        repository = Repository(address)
        for name in repository.names():
            verify(address, name)
        prune(address, 1)
        [name] = repository.names()
        manifest = repository.load(name)
        assert stored(Path(address)) == {file.sha256 for file in (manifest.dump, *manifest.files)}


def kill_at(step, address, monkeypatch):
    """End the process as it removes a file after this many; return how many it may still remove."""
    left = [step]
    remove_one = os.remove

    def remove(path, **options):
        if str(path).startswith(address):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        remove_one(path, **options)

    monkeypatch.setattr(os, "remove", remove)
    return left


def test_what_a_killed_backup_has_left_is_removed_too(data, tmp_path):  # noqa: F811
    address = tmp_path / "backups"
    write(address / "content/ab" / f"ab{'0' * 62}", b"half")
    back_up_with(data, address, b"one", keep=1)
    assert f"ab{'0' * 62}" not in stored(address)
    call_command("backup", address, verify=True)


def test_nothing_is_removed_while_a_manifest_that_stays_cannot_be_read(data, tmp_path):  # noqa: F811
    address = tmp_path / "backups"
    first, second = (back_up_with(data, address, content) for content in (b"one", b"two"))
    (address / "backups" / f"{second}.json").write_text('{"name": ')
    before = stored(address)
    with pytest.raises(Damaged, match=f"The manifest of backup {second} cannot be read"):
        prune(str(address), 1)
    assert (stored(address), Repository(str(address)).names()) == (before, [first, second])


def test_a_backup_that_is_killed_while_it_is_finished_is_none(data, tmp_path, monkeypatch):  # noqa: F811
    address = tmp_path / "backups"
    first = back_up_with(data, address, b"one")
    with monkeypatch.context() as killing:
        killing.setattr(LocalFileSystem, "mv", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            back_up_with(data, address, b"two")
    assert Repository(str(address)).names() == [first]
    back_up_with(data, address, b"three")


@pytest.mark.parametrize("keep", ["0", "-1", "few"])
def test_one_backup_at_least_is_kept(data, tmp_path, keep):  # noqa: F811
    with pytest.raises(CommandError, match="--keep"):
        call_command("backup", str(tmp_path / "backups"), "--keep", keep)
    assert not (tmp_path / "backups").exists()


def test_backups_in_a_bucket_are_removed_too(data, server):  # noqa: F811
    boto3.client("s3").create_bucket(Bucket="pruned")
    for content in (b"one", b"two"):
        last = back_up_with(data, "s3://pruned/site", content, keep=1)
    repository = Repository("s3://pruned/site")
    assert repository.names() == [last]
    manifest = repository.load(last)
    found = {path.rpartition("/")[2] for path in repository.fs.find("pruned/site/content")}
    assert found == {file.sha256 for file in (manifest.dump, *manifest.files)}
    call_command("backup", "s3://pruned/site", verify=True)
