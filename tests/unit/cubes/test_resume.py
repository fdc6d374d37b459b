"""A W-Net whose training is killed goes on after its last round, and ends as if nothing had happened."""

import dataclasses
from dataclasses import replace

import pytest

from ml.cubes.train_wnet import train_cubes
from ml.training.training_state import StateFile
from tests.unit.cubes.test_training import EXAMPLES, TINY, example
from tests.unit.training.test_resume import Killed, epochs_until, same


@pytest.fixture
def state(tmp_path):
    return StateFile(tmp_path / "state.safetensors")


def train(examples, preset, state=None, last=99, told=None, **settings):
    on_epoch = epochs_until(last, [] if told is None else told)
    return train_cubes(examples, preset, device="cpu", state=state, on_epoch=on_epoch, **settings)


@pytest.mark.parametrize("normalisation", ["asinh", "adaptive"])
def test_a_resumed_w_net_is_bitwise_the_uninterrupted_one(state, normalisation):
    settings = {"seed": 4, "normalisation": normalisation}
    whole = train(EXAMPLES, TINY, **settings)
    with pytest.raises(Killed):
        train(EXAMPLES, TINY, state, last=1, **settings)
    told, resumed = [], []
    again = train(EXAMPLES, TINY, dataclasses.replace(state, on_resume=resumed.append), told=told, **settings)
    assert (resumed, told) == ([2], [2, 3])
    assert again.manifest["notes"] == ["The training was interrupted, and resumed at epoch 2."]
    assert same(again, whole)
    assert again.manifest["metrics"] == whole.manifest["metrics"]
    assert (again.manifest["steps"], again.manifest["rounds"]) == (6, 3)


def test_patience_counts_rounds_before_the_interruption(state):
    hopeless = replace(TINY, rate=0.0, steps=50, rounds=25, patience=2)
    told, resumed, none = [], [], []
    whole = train(EXAMPLES, hopeless, told=told)
    (note,) = whole.manifest["notes"]
    assert note.startswith(f"Stopped after {told[-1]} of 25 epochs")
    with pytest.raises(Killed):
        train(EXAMPLES, hopeless, state, last=2)
    train(EXAMPLES, hopeless, state, told=resumed)
    assert [1, 2, *resumed] == told
    train(EXAMPLES, hopeless, state, told=none)
    assert none == []


@pytest.mark.parametrize("change", ["seed", "preset", "cubes", "damage"])
def test_another_w_net_or_a_damaged_state_begins_anew(state, change, caplog):
    with pytest.raises(Killed):
        train(EXAMPLES, TINY, state, last=1)
    if change == "damage":
        state.path.write_bytes(state.path.read_bytes()[:-100])
    told = []
    examples = [*EXAMPLES[:5], example(9)] if change == "cubes" else EXAMPLES
    preset = replace(TINY, entropy=1.0) if change == "preset" else TINY
    train(examples, preset, state, told=told, seed=1 if change == "seed" else 0)
    assert told == [1, 2, 3]
    assert "begins anew" in caplog.text
