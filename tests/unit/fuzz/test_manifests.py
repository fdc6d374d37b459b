"""Manifests of checkpoints and backups from anywhere: read, or refused with what to do."""

import json
from dataclasses import asdict

import pytest
import torch
from hypothesis import given

from ml.inference.checkpoint import (
    MANIFEST,
    REQUIRED,
    WEIGHTS,
    BadCheckpoint,
    Checkpoint,
    DamagedWeights,
    OtherWeights,
    check_place,
)
from tests.unit.fuzz.damage import FUZZ, damaged, read_or_refused
from tests.unit.fuzz.test_replies import odd, replies
from webapp.console.backup.repository import Damaged, Manifest, Repository, StoredFile, StoredObject

FILE = StoredFile("checkpoints/a/weights.safetensors", 12, 1, 0o600, "ab" * 32)
BACKUP = Manifest(
    "20260101T000000Z", "1", FILE, {"archive_subject": 7}, (FILE, FILE), (StoredObject("8x8/c/0", 5, "e"),)
)


REFUSALS = (BadCheckpoint, DamagedWeights, OtherWeights)


@pytest.fixture
def checkpoint(tmp_path):
    """Return a folder with a checkpoint, and its manifest."""
    folder = tmp_path / "model"
    manifest = dict.fromkeys(REQUIRED, "x") | {"classes": ["AST"], "metrics": {"auc": 0.9}}
    Checkpoint(manifest, {"stamp.weight": torch.zeros(1, 4)}).save(folder)
    return folder, json.loads((folder / MANIFEST).read_text())


def test_manifests_of_checkpoints(checkpoint):
    folder, manifest = checkpoint

    @given(replies(manifest))
    @FUZZ
    def are_read_or_refused(content):
        (folder / MANIFEST).write_bytes(content)
        loaded = read_or_refused(lambda: Checkpoint.load(folder), *REFUSALS)
        assert loaded is None or loaded.manifest == manifest, "the checksum is of the manifest too"
        read_or_refused(lambda: check_place(folder), BadCheckpoint)

    are_read_or_refused()


def test_weights_of_checkpoints(checkpoint):
    folder, _ = checkpoint
    whole = (folder / WEIGHTS).read_bytes()

    @given(damaged(whole))
    @FUZZ
    def are_read_or_refused(content):
        (folder / WEIGHTS).write_bytes(content)
        loaded = read_or_refused(lambda: Checkpoint.load(folder), *REFUSALS)
        assert loaded is None or content == whole

    are_read_or_refused()


def test_manifests_of_backups(tmp_path):
    repository = Repository(str(tmp_path))
    path = tmp_path / "backups" / "one.json"
    path.parent.mkdir()

    def read(content):
        path.write_bytes(content)
        found = read_or_refused(lambda: repository.load("one"), Damaged)
        for file in (found.dump, *found.files) if found else ():
            assert file.size >= 0
            read_or_refused(lambda file=file: repository.verify(file), Damaged)

    @given(replies(asdict(BACKUP)))
    @FUZZ
    def are_read_or_refused(content):
        read(content)

    are_read_or_refused()
    for content in odd(asdict(BACKUP)):
        read(content)


def test_a_sound_backup_is_read():
    assert Manifest.load(json.dumps(asdict(BACKUP))) == BACKUP
