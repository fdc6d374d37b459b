"""A training that is interrupted goes on after its last epoch, and ends as if nothing had happened."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.roles import train_role
from ml.training.presets import FAMILIES
from ml.training.training_state import StateFile
from tests.unit.conftest import labelled

BRIEF = {"views": 160, "fewest": 0, "rounds": 4, "batch": 16, "patience": 9}  # ten steps


class Killed(Exception):
    """The process ends here."""


def shorten(monkeypatch, **changes):
    """Change the schedules of all presets."""
    for name, family in FAMILIES.items():
        schedules = {key: dataclasses.replace(getattr(family, key), **changes) for key in ("fresh", "pretrained")}
        monkeypatch.setitem(FAMILIES, name, dataclasses.replace(family, **schedules))


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    shorten(monkeypatch, **BRIEF)


@pytest.fixture
def examples(kinds, pixels):
    """Make the examples of one training, since it adds notes to them."""
    labels = ["yes" if kind < 2 else "no" for kind in kinds]
    return lambda: labelled(kinds, pixels=pixels, labels=labels)


@pytest.fixture
def state(tmp_path):
    return StateFile(tmp_path / "state.safetensors")


def epochs_until(last, told):
    """Report epochs into `told`, and be killed during the report after `last`."""

    def report(epoch):
        if epoch.epoch > last:
            raise Killed
        told.append(epoch.epoch)

    return report


def interrupted(examples, state, *, after=2, role="stamp", **settings):
    with pytest.raises(Killed):
        train_role.train(role, examples, state=state, on_epoch=epochs_until(after, []), **settings)
    assert state.path.is_file()


def same(one, other):
    return one.tensors.keys() == other.tensors.keys() and all(
        torch.equal(value, other.tensors[name]) for name, value in one.tensors.items()
    )


@pytest.mark.parametrize(("preset", "init"), [("small", "scratch"), ("finetune", "sky")])
def test_a_resumed_training_is_bitwise_the_uninterrupted_one(examples, state, preset, init):
    whole = train_role.train("stamp", examples(), preset=preset, init=init, seed=5)
    interrupted(examples(), state, preset=preset, init=init, seed=5)
    told, resumed = [], []
    state = dataclasses.replace(state, on_resume=resumed.append)
    again = train_role.train(
        "stamp", examples(), preset=preset, init=init, seed=5, state=state, on_epoch=epochs_until(9, told)
    )
    assert (resumed, told) == ([3], [3, 4])
    assert "The training was interrupted, and resumed at epoch 3." in again.manifest["notes"]
    assert same(again, whole)
    assert again.manifest["metrics"] == whole.manifest["metrics"]


def test_tracklets_resume_too(kinds, pixels, state):
    labels = ["yes" if kind < 2 else "no" for kind in kinds[:80]]
    settings = {"preset": "small", "seed": 1}

    def tracklets():
        return labelled(kinds[:80], pixels=np.repeat(pixels[:80], 3, axis=1), labels=labels)

    whole = train_role.train("tracklet", tracklets(), **settings)
    interrupted(tracklets(), state, role="tracklet", **settings)
    assert same(train_role.train("tracklet", tracklets(), state=state, **settings), whole)


def test_a_training_killed_after_its_last_epoch_repeats_none(examples, state):
    whole = train_role.train("stamp", examples(), preset="small", state=state)
    told = []
    assert same(train_role.train("stamp", examples(), preset="small", state=state, on_epoch=told.append), whole)
    assert told == []


def test_patience_counts_epochs_before_the_interruption_and_says_that_it_ended_the_training(
    examples, state, monkeypatch
):
    shorten(monkeypatch, **BRIEF | {"views": 750, "patience": 1, "rate": 0.0})
    told = []
    whole = train_role.train("stamp", examples(), preset="small", on_epoch=epochs_until(9, told))
    interrupted(examples(), state, after=1, preset="small")
    resumed = []
    again = train_role.train("stamp", examples(), preset="small", state=state, on_epoch=epochs_until(9, resumed))
    assert [1, *resumed] == told
    assert len(told) < 4
    (note,) = (note for note in whole.manifest["notes"] if note.startswith("Stopped"))
    assert note.startswith(f"Stopped after {told[-1]} of 4 epochs, since the validation loss had not improved in 1;")
    assert note in again.manifest["notes"]


def test_a_training_that_runs_to_its_end_does_not_say_that_it_stopped(examples):
    whole = train_role.train("stamp", examples(), preset="small")
    assert not any(note.startswith("Stopped") for note in whole.manifest["notes"])


@pytest.mark.parametrize("change", ["seed", "labels", "code"])
def test_another_run_begins_anew(examples, state, change, monkeypatch, caplog):
    interrupted(examples(), state, preset="small", seed=5)
    given = examples()
    if change == "labels":
        given.targets[0] = given.targets[0][::-1]
    if change == "code":
        monkeypatch.setattr("ml.training.training_state.code_version", lambda: "newer")
    told = []
    seed = 6 if change == "seed" else 5
    with pytest.raises(Killed):
        train_role.train("stamp", given, preset="small", seed=seed, state=state, on_epoch=epochs_until(1, told))
    assert told == [1]
    assert "begins anew" in caplog.text


def test_a_damaged_state_is_deleted_and_the_training_begins_anew(examples, state, caplog):
    interrupted(examples(), state, preset="small")
    state.path.write_bytes(state.path.read_bytes()[:5000])
    assert state.read("any") is None
    assert not state.path.exists()
    assert "damaged" in caplog.text


def test_a_state_that_cannot_be_read_does_not_end_the_training(examples, state, monkeypatch, caplog):
    def failing(path, framework):
        raise OSError(5, "Input/output error")

    interrupted(examples(), state, preset="small")
    monkeypatch.setattr("ml.training.training_state.safe_open", failing)
    told = []
    train_role.train("stamp", examples(), preset="small", state=state, on_epoch=epochs_until(9, told))
    assert told == [1, 2, 3, 4]
    assert "Input/output error" in caplog.text


def test_a_full_disk_costs_the_state_and_not_the_training(examples, state, monkeypatch, caplog):
    def full(path, data):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    whole = train_role.train("stamp", examples(), preset="small")
    monkeypatch.setattr(Path, "write_bytes", full)
    assert same(train_role.train("stamp", examples(), preset="small", state=state), whole)
    assert "No space left on device" in caplog.text
    assert not list(state.path.parent.iterdir())


def test_what_a_killed_write_left_goes_with_the_next_one_or_the_run(examples, state):
    state.partial.write_bytes(b"half")
    interrupted(examples(), state, preset="small")
    assert list(state.path.parent.iterdir()) == [state.path]
    state.partial.write_bytes(b"half")
    state.delete()
    assert not list(state.path.parent.iterdir())
