"""A plain answer after a glance is kept, every other stamp is looked at again, and a checkpoint says when."""

import dataclasses

import numpy as np
import pytest
import torch

from ml import glance, unchanged
from ml.backbone import Backbone
from ml.checkpoint import BadCheckpoint, Checkpoint
from ml.engine import precision_here
from ml.glance import Glance, Glancing, helps, of_manifest, quicker, trial
from ml.judge import Judge
from ml.models.residual import ResidualNet
from ml.precision import Precision
from ml.preprocessing import native
from ml.recipe import Recipe
from ml.schedule import SMALL
from ml.score import Scorer
from ml.train import train_stamps
from tests.unit.learning_science.conftest import labelled

N = 1200
EIGHT = dataclasses.replace(native(1), turns=8)
WAY = 2, "f32", "openvino"
KNOWN = {"turns": 2, "precision": "f32", "margin": 1.0}
no_bfloat16 = precision_here("bf16", torch.device("cpu"), "openvino") == "f32"
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
    found = trial(judge, answers(6), answers(ahead, wrong=40), WAY)
    assert (found.turns, found.precision, found.engine) == WAY
    assert found.margin == pytest.approx(1.2, abs=1e-4)
    assert found.measured["looked_at_again"] == pytest.approx(40 / N)
    assert (found.measured["flipped"], found.measured["accuracy_glance"]) == (0, 1)


def test_where_most_would_go_on_no_glance_is_enough(judge):
    assert trial(judge, answers(6), answers(6, wrong=1), WAY) is None  # a margin of 9, which none has


def test_few_subjects_prove_nothing():
    rows = np.arange(unchanged.LEAST - 1)
    judge = Judge(labelled(np.arange(N) % 4), rows)
    assert trial(judge, answers(6)[rows], answers(6)[rows], WAY) is None


def test_not_a_number_is_never_plain():
    assert Glance(*WAY, 1.0).unsure(torch.full((1, 3), torch.nan)).all()


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
    assert said["precision"] == ("f32" if no_bfloat16 else "bf16")
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


def test_those_who_ask_get_none(kinds, pixels):
    one = labelled(kinds[:48], pixels=pixels[:48])
    assert "glance" not in train_stamps(one, dataclasses.replace(RECIPE, glances=False)).manifest


@pytest.mark.parametrize(
    ("turns", "computed", "here", "found"),
    [
        (1, "f32", "f32", None),
        (1, "f32", "bf16", (1, "bf16", "openvino")),
        (1, "bf16", "bf16", None),
        (8, "f32", "f32", (2, "f32", "openvino")),
        (8, "f32", "bf16", (2, "bf16", "openvino")),
        (8, "bf16", "bf16", (2, "bf16", "openvino")),
    ],
)
def test_a_glance_is_whatever_is_quicker_here(monkeypatch, turns, computed, here, found):
    monkeypatch.setattr(glance, "precision_here", lambda asked, *_: here if asked == "bf16" else "f32")
    seen = dataclasses.replace(native(1), turns=turns)
    assert quicker(Backbone(ResidualNet(1), seen, precision=Precision(computed))) == found


@pytest.mark.parametrize(
    ("said", "engine", "helped"),
    [
        (Glance(1, "bf16", "openvino", 1.0), "openvino", True),
        (Glance(1, "bf16", "openvino", 1.0), "torch", False),
        (Glance(2, "bf16", "openvino", 1.0), "torch", False),
        (Glance(2, "f32", "openvino", 1.0), "torch", True),
    ],
)
def test_a_glance_is_computed_as_it_was_tried(monkeypatch, said, engine, helped):
    monkeypatch.setattr(glance, "precision_here", lambda asked, *_: asked)
    seen = dataclasses.replace(native(1), turns=8 if said.turns > 1 else 1)
    assert helps(Backbone(ResidualNet(1), seen, engine=engine), said) is helped


def test_a_second_look_is_never_shown_in_fewer_turns():
    assert quicker(Backbone(ResidualNet(1), dataclasses.replace(EIGHT, closer=24)), sixteen_bits=False) is None


def scores(features):
    """Return features (n, F, D) as if the first three were log scores."""
    return torch.from_numpy(features[..., :3]).log_softmax(-1)


@pytest.mark.parametrize("turns", [1, 2])
def test_stamps_whose_answer_is_plain_in_sixteen_bits_are_not_seen_in_more(pixels, turns):
    torch.manual_seed(3)
    exact = Backbone(ResidualNet(1).eval(), dataclasses.replace(native(1), turns=8 if turns > 1 else 1))
    whole = exact.unrounded(pixels[:40])
    quick = Glancing(exact, Glance(turns, "bf16", "openvino", 0.0)).unrounded(pixels[:40], scores)
    ahead = glance.margins(scores(quick))[:, 0].numpy()
    half = float(np.median(ahead))
    got = Glancing(exact, Glance(turns, "bf16", "openvino", half)).unrounded(pixels[:40], scores)
    np.testing.assert_array_equal(got[ahead >= half], quick[ahead >= half])
    np.testing.assert_allclose(got[ahead < half], whole[ahead < half], atol=1e-5)
    assert (ahead < half).any()


@pytest.mark.skipif(no_bfloat16, reason="this processor has no bfloat16")
def test_a_frozen_network_glances_in_sixteen_bits_where_it_was_taught_from_pixels(monkeypatch, kinds, pixels):
    monkeypatch.setattr(unchanged, "LEAST", 20)
    monkeypatch.setattr(unchanged, "MOST_LOST", 1.0)
    monkeypatch.setattr(glance, "MOST_UNSURE", 1.0)
    known, recipe = labelled(kinds, pixels=pixels), Recipe("head", freeze=True)
    made = train_stamps(known, recipe)
    assert made.manifest["glance"]["precision"] == "bf16"
    answer = Scorer(made).probabilities(pixels).argmax(1)
    told = {name: value for name, value in made.manifest.items() if name != "glance"}
    assert (answer != Scorer(Checkpoint(told, made.tensors)).probabilities(pixels).argmax(1)).mean() <= 0.01
    assert "glance" not in train_stamps(known, dataclasses.replace(recipe, precision="f32")).manifest


def test_features_that_are_known_already_are_what_is_scored_from(kinds, pixels):
    start = Recipe("head", freeze=True).begin(0)
    known = labelled(kinds[:48], pixels=pixels[:48])
    known = dataclasses.replace(known, features=start.features(pixels[:48]), feature_key=start.feature_key)
    assert "glance" not in train_stamps(known, Recipe("head", freeze=True)).manifest


def test_a_glance_is_remembered():
    measured = {"flipped": 0.001, "subjects": 400}
    for said in (Glance(*WAY, 1.5, measured), Glance(2, "bf16", "torch", 1.5, measured)):
        assert of_manifest({"preprocessing": {"turns": 8}, "glance": said.as_manifest()}) == said
    assert of_manifest({}) is None


def test_a_glance_of_before_is_in_the_precision_of_its_network():
    said = {"preprocessing": {"turns": 8}, "precision": {"kind": "bf16"}, "glance": {"turns": 2, "margin": 1.5}}
    assert of_manifest(said) == Glance(2, "bf16", "openvino", 1.5)


def test_a_foreign_glance_is_refused(trained):
    for said in (
        {"turns": 3, "margin": 1.0},
        {"turns": 2},
        {"turns": 2, "margin": float("nan")},
        "yes",
        {**KNOWN, "precision": "int8"},
    ):
        with pytest.raises(BadCheckpoint, match=r"does not know \(its glance is"):
            Scorer(Checkpoint({**trained.manifest, "glance": said}, trained.tensors))
    told = {**trained.manifest, "glance": KNOWN}
    for seen in ({"turns": 1}, {"turns": 2}, {"turns": 8, "closer": 24}, {"turns": 8, "rings": True}):
        manifest = {**told, "preprocessing": {**trained.manifest["preprocessing"], **seen}}
        with pytest.raises(BadCheckpoint, match="for networks that see nothing but 4 turns or more"):
            Scorer(Checkpoint(manifest, trained.tensors))
    for kind in ("f32", "bf16"):
        whole = {**told["preprocessing"], "turns": 1}
        manifest = {**told, "glance": {**KNOWN, "turns": 1}, "preprocessing": whole, "precision": {"kind": kind}}
        with pytest.raises(BadCheckpoint, match="or in bf16 for networks in f32"):
            Scorer(Checkpoint(manifest, trained.tensors))
