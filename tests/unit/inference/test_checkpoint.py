"""A checkpoint is written atomically, and refused if it was changed."""

import json
import os

import pytest
import torch

from ml.__main__ import main
from ml.inference.checkpoint import BadCheckpoint, Checkpoint

MANIFEST = {
    "role": "stamp",
    "classes": ["a", "b"],
    "positive": ["a"],
    "architecture": "x",
    "preprocessing": {},
    "feature_key": "k",
}


@pytest.fixture
def saved(tmp_path):
    folder = tmp_path / "champion"
    Checkpoint(dict(MANIFEST), {"stamp.weight": torch.arange(6.0).reshape(2, 3)}).save(folder)
    return folder


def test_what_is_saved_is_loaded(saved):
    loaded = Checkpoint.load(saved)
    assert loaded.manifest["classes"] == ["a", "b"]
    assert torch.equal(loaded.part("stamp.")["weight"], torch.arange(6.0).reshape(2, 3))


def test_a_second_save_replaces_the_first_and_leaves_nothing_behind(saved):
    digest = Checkpoint(dict(MANIFEST), {"stamp.weight": torch.zeros(2, 3)}).save(saved)
    assert Checkpoint.load(saved).manifest["sha256"] == digest
    assert [path.name for path in saved.parent.iterdir()] == ["champion"]


@pytest.mark.parametrize("kept", ["thesis.txt", "manifest.json"])
def test_a_folder_of_other_things_is_left_alone(tmp_path, kept):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / kept).write_text('{"years": "of work"}')
    with pytest.raises(BadCheckpoint, match=r"results exists and is not a checkpoint.*Choose another --out"):
        Checkpoint(dict(MANIFEST), {"t": torch.ones(2)}).save(tmp_path / "results")
    assert [path.name for path in tmp_path.rglob("*")] == ["results", kept]


def test_a_place_that_cannot_be_written_to_is_refused_before_the_training(tmp_path, capsys):
    (tmp_path / "notes").write_text("x")
    out = tmp_path / "notes" / "models" / "best"
    assert main(["train", "--role", "stamp", "--data", str(tmp_path / "m.csv"), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert f"train: Nothing can be written to {out.parent}" in said
    assert "m.csv" not in said


def test_a_file_does_not_become_a_folder(tmp_path):
    (tmp_path / "manifest.csv").write_text("image,label")
    with pytest.raises(BadCheckpoint, match="Choose another --out"):
        Checkpoint(dict(MANIFEST), {"t": torch.ones(2)}).save(tmp_path / "manifest.csv")
    assert (tmp_path / "manifest.csv").read_text() == "image,label"


@pytest.mark.parametrize("manifest", [None, '{"format": "wanderers-checkpoint-0"}'])
def test_an_empty_folder_and_a_checkpoint_of_another_version_are_replaced(tmp_path, manifest):
    (tmp_path / "c").mkdir()
    if manifest is not None:
        (tmp_path / "c" / "manifest.json").write_text(manifest)
    Checkpoint(dict(MANIFEST), {"t": torch.ones(2)}).save(tmp_path / "c")
    assert Checkpoint.load(tmp_path / "c").manifest["role"] == "stamp"


def test_where_the_new_one_cannot_take_its_place_the_old_one_keeps_it(saved, monkeypatch):
    replace = os.replace

    def full(source, target):
        if source.name == "fresh":
            raise OSError("No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        Checkpoint(dict(MANIFEST), {"stamp.weight": torch.zeros(2, 3)}).save(saved)
    assert torch.equal(Checkpoint.load(saved).tensors["stamp.weight"], torch.arange(6.0).reshape(2, 3))


def test_equal_content_has_equal_digest(tmp_path):
    digests = {Checkpoint(dict(MANIFEST), {"t": torch.ones(2)}).save(tmp_path / name) for name in "ab"}
    assert len(digests) == 1


def test_a_changed_weight_is_noticed(saved):
    path = saved / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadCheckpoint, match="does not match its own checksum"):
        Checkpoint.load(saved)


def test_a_changed_manifest_is_noticed(saved):
    path = saved / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"positive": ["b"]}))
    with pytest.raises(BadCheckpoint, match="checksum"):
        Checkpoint.load(saved)


def test_a_truncated_file_is_damaged(saved):
    path = saved / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(BadCheckpoint, match="is damaged"):
        Checkpoint.load(saved)


@pytest.mark.parametrize(
    ("content", "said"),
    [("not json", "is not JSON"), ("[]", "not a Wanderers checkpoint"), ('{"format": "other"}', "not a Wanderers")],
)
def test_a_foreign_manifest_is_refused(saved, content, said):
    (saved / "manifest.json").write_text(content)
    with pytest.raises(BadCheckpoint, match=said):
        Checkpoint.load(saved)


def test_a_manifest_that_lacks_the_role_says_so(saved):
    (saved / "manifest.json").write_text('{"format": "wanderers-checkpoint-1"}')
    with pytest.raises(BadCheckpoint, match="lacks role, classes"):
        Checkpoint.load(saved)


def test_a_folder_without_weights_says_so(saved):
    (saved / "weights.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match=r"has no weights\.safetensors"):
        Checkpoint.load(saved)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(BadCheckpoint, match="is not a checkpoint"):
        Checkpoint.load(tmp_path / "nowhere")
