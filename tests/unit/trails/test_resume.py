"""A trail detector whose training is killed goes on after its last epoch, and ends as if nothing had happened."""

import dataclasses

import numpy as np
import pytest

from ml.imaging.background import in_noise
from ml.trails.patch_sampler import Labelled
from ml.trails.train_detector import TrainingSet, train_detector
from ml.training.training_state import StateFile
from tests.unit.trails.skies import line, noisy, trail
from tests.unit.training.test_resume import Killed, epochs_until, same

STEPS = 8


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Four epochs of two steps, of two crops each."""
    monkeypatch.setattr("ml.trails.network_training.ROUNDS", 4)
    monkeypatch.setattr("ml.trails.network_training.BATCH", 2)


@pytest.fixture
def state(tmp_path):
    return StateFile(tmp_path / "state.safetensors")


def skies(weight=1.0):
    curves = [line(20, 30 + 8 * n, 100, 90 - 8 * n) for n in range(4)]
    images = [
        Labelled(in_noise(noisy((128, 128), curve, seed=n)).astype(np.float16), [trail(curve, weight=weight)])
        for n, curve in enumerate(curves)
    ]
    return TrainingSet(images, np.arange(4).astype(str), known=True)


def train(data, state=None, last=9, told=None, **settings):
    return train_detector(
        data, steps=STEPS, state=state, on_epoch=epochs_until(last, [] if told is None else told), **settings
    )


def test_a_resumed_detector_is_bitwise_the_uninterrupted_one(state):
    whole = train(skies(), seed=3)
    with pytest.raises(Killed):
        train(skies(), state, last=2, seed=3)
    told, resumed = [], []
    again = train(skies(), dataclasses.replace(state, on_resume=resumed.append), told=told, seed=3)
    assert (resumed, told) == ([3], [3, 4])
    assert again.manifest["notes"] == ["The training was interrupted, and resumed at epoch 3."]
    assert same(again, whole)
    assert again.manifest["metrics"] == whole.manifest["metrics"]


def test_a_detector_killed_after_its_last_epoch_repeats_none(state):
    whole = train(skies(), state)
    told = []
    assert same(train(skies(), state, told=told), whole)
    assert told == []


@pytest.mark.parametrize("change", ["seed", "annotations", "base", "damage"])
def test_another_detector_or_a_damaged_state_begins_anew(state, change, caplog):
    base = train(skies()) if change == "base" else None
    with pytest.raises(Killed):
        train(skies(), state, last=2)
    if change == "damage":
        state.path.write_bytes(state.path.read_bytes()[:-100])
    told, given = [], skies(0.5 if change == "annotations" else 1.0)
    with pytest.raises(Killed):
        train(given, state, last=1, told=told, seed=1 if change == "seed" else 0, base=base)
    assert told == [1]
    assert "begins anew" in caplog.text
