"""A plain answer after two turns is kept, every other stamp is shown in all, and a checkpoint says when."""

import dataclasses

import numpy as np
import pytest
import torch

from ml import glance, unchanged
from ml.checkpoint import BadCheckpoint, Checkpoint
from ml.glance import Glance, of_manifest, trial
from ml.judge import Judge
from ml.preprocessing import native
from ml.recipe import Recipe
from ml.schedule import SMALL
from ml.score import Scorer
from ml.train import train_stamps
from tests.unit.learning_science.conftest import labelled

N = 1200
EIGHT = dataclasses.replace(native(1), turns=8)
RECIPE = Recipe("small", "residual", "scratch", EIGHT, schedule=dataclasses.replace(SMALL, views=4000, rounds=2))


@pytest.fixture
def judge():
    return Judge(labelled(np.arange(N) % 4), np.arange(N))


def answers(ahead, wrong=0):
    """Return log probabilities (N, 1, 4), the right class ahead by `ahead`; of the first `wrong` the next one is."""
    logits = torch.eye(4)[torch.arange(N) % 4] * torch.as_tensor(ahead, dtype=torch.float32).reshape(-1, 1)
    logits[:wrong] = logits[:wrong].roll(1, dims=1)
    return logits.log_softmax(1)[:, None]


def test_the_margin_is_wider_than_that_of_any_answer_which_changes(judge):
    ahead = np.full(N, 6.0)
    ahead[:40] = 0.8
    found = trial(judge, answers(6), answers(ahead, wrong=40))
    assert found.margin == pytest.approx(1.2, abs=1e-4)
    assert found.measured["looked_at_again"] == pytest.approx(40 / N)
    assert (found.measured["flipped"], found.measured["accuracy_glance"]) == (0, 1)


def test_where_most_would_go_on_no_glance_is_enough(judge):
    assert trial(judge, answers(6), answers(6, wrong=1)) is None  # a margin of 9, which none has


def test_few_subjects_prove_nothing():
    rows = np.arange(unchanged.LEAST - 1)
    judge = Judge(labelled(np.arange(N) % 4), rows)
    assert trial(judge, answers(6)[rows], answers(6)[rows]) is None


def test_not_a_number_is_never_plain():
    assert Glance(1.0).unsure(torch.full((1, 3), torch.nan)).all()


@pytest.fixture
def trained(monkeypatch, kinds, pixels):
    """A network that may answer after a glance, however little it has learnt."""
    monkeypatch.setattr(unchanged, "LEAST", 40)
    monkeypatch.setattr(unchanged, "MOST_FLIPPED", 1.0)
    monkeypatch.setattr(unchanged, "MOST_LOST", 1.0)
    monkeypatch.setattr(glance, "MOST_UNSURE", 1.0)
    return train_stamps(labelled(kinds, pixels=pixels), RECIPE)


def test_a_checkpoint_keeps_its_glance_and_answers_by_it(trained, pixels, tmp_path):
    trained.save(tmp_path / "c")
    kept = Checkpoint.load(tmp_path / "c")
    said = kept.manifest["glance"]
    assert (said["turns"], said["subjects"]) == (2, round(len(pixels) / 5))
    none = {name: value for name, value in kept.manifest.items() if name != "glance"}

    def with_margin(margin):
        return Scorer(Checkpoint({**none, "glance": {**said, "margin": margin}}, kept.tensors)).probabilities(pixels)

    few, every = with_margin(0.0), Scorer(Checkpoint(none, kept.tensors))
    ahead = np.diff(np.sort(np.log(few), 1)[:, -2:], axis=1)[:, 0]
    half = float(np.median(ahead))
    got, whole, plain = with_margin(half), every.probabilities(pixels), ahead >= half
    np.testing.assert_allclose(got[plain], few[plain], atol=1e-5)
    np.testing.assert_allclose(got[~plain], whole[~plain], atol=1e-5)
    assert np.abs(few - whole)[~plain].max() > 1e-3
    np.testing.assert_array_equal(Scorer(kept).features(pixels[:8]), every.features(pixels[:8]))


def test_networks_of_few_turns_and_those_who_ask_get_none(kinds, pixels):
    one = labelled(kinds[:48], pixels=pixels[:48])
    for recipe in (dataclasses.replace(RECIPE, preprocessing=native(1)), dataclasses.replace(RECIPE, glances=False)):
        assert "glance" not in train_stamps(one, recipe).manifest


def test_a_glance_is_remembered():
    measured = {"flipped": 0.001, "subjects": 400}
    said = {"preprocessing": {"turns": 8}, "glance": Glance(1.5, measured).as_manifest()}
    assert of_manifest(said) == Glance(1.5, measured)
    assert of_manifest({}) is None


def test_a_foreign_glance_is_refused(trained):
    for said in ({"turns": 3, "margin": 1.0}, {"turns": 2}, {"turns": 2, "margin": float("nan")}, "yes"):
        with pytest.raises(BadCheckpoint, match=r"does not know \(its glance is"):
            Scorer(Checkpoint({**trained.manifest, "glance": said}, trained.tensors))
    for seen in ({"turns": 1}, {"turns": 2}, {"turns": 8, "closer": 24}, {"turns": 8, "rings": True}):
        manifest = {**trained.manifest, "preprocessing": {**trained.manifest["preprocessing"], **seen}}
        with pytest.raises(BadCheckpoint, match="for networks that see nothing but 4 turns or more"):
            Scorer(Checkpoint(manifest, trained.tensors))
