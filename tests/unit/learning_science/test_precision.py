"""bfloat16 is for networks whose answers it leaves as they are, and a checkpoint says what was measured."""

import dataclasses

import numpy as np
import pytest
import torch

from ml import tuned, unchanged
from ml.backbone import Backbone, feature_key
from ml.checkpoint import BadCheckpoint, Checkpoint
from ml.judge import Judge
from ml.models.residual import ResidualNet
from ml.precision import Precision, trial
from ml.preprocessing import native
from ml.recipe import Recipe
from ml.schedule import SMALL
from ml.score import Scorer
from ml.train import train, train_stamps
from tests.unit.learning_science.conftest import labelled

N = 1200
RECIPE = Recipe("small", "residual", "scratch", native(1), schedule=dataclasses.replace(SMALL, views=4000, rounds=2))


@pytest.fixture
def judge():
    return Judge(labelled(np.arange(N) % 4), np.arange(N))


def answers(changed: int, confidence: float = 2.0) -> torch.Tensor:
    """Return log probabilities (N, 1, 4) that are right but for the first `changed`, which name the next class."""
    logits = confidence * torch.eye(4)[torch.arange(N) % 4]
    logits[:changed] = logits[:changed].roll(1, dims=1)
    return logits.log_softmax(1)[:, None]


def test_what_changes_nothing_passes(judge):
    found = trial(judge, answers(0), answers(0, confidence=2.01))
    assert found.kind == "bf16"
    assert found.measured["flipped"] == 0
    assert 0 < found.measured["largest_change"] < 0.01
    assert found.measured["subjects"] == N


@pytest.mark.parametrize(("flipped", "kind"), [(1, "bf16"), (2, "f32"), (4, "f32")])
def test_answers_that_flip_to_wrong_cost_accuracy(judge, flipped, kind):
    found = trial(judge, answers(0), answers(flipped))
    assert found.kind == kind
    assert found.measured["flipped"] == pytest.approx(flipped / N)
    assert found.measured["accuracy_bf16"] == pytest.approx(1 - flipped / N)


@pytest.mark.parametrize(("flipped", "kind"), [(3, "bf16"), (4, "f32")])
def test_answers_that_flip_to_right_are_other_answers_all_the_same(judge, flipped, kind):
    assert trial(judge, answers(flipped), answers(0)).kind == kind


def test_few_subjects_prove_nothing():
    rows = np.arange(unchanged.LEAST - 1)
    judge = Judge(labelled(np.arange(N) % 4), rows)
    assert trial(judge, answers(0)[rows], answers(0)[rows]).kind == "f32"


def rounded_here(monkeypatch, rounding):
    """Let training believe in hardware with bf16, of which `rounding` says what it does to features."""
    real = Backbone.unrounded

    def unrounded(self, block, *, after=0):
        found = real(self, block, after=after)
        return rounding(found) if self.precision.kind == "bf16" else found

    monkeypatch.setattr(tuned, "precision_here", lambda *_: "bf16")
    monkeypatch.setattr(Backbone, "unrounded", unrounded)
    monkeypatch.setattr(unchanged, "LEAST", 40)


def test_a_net_that_passes_is_kept_in_bf16(monkeypatch, kinds, pixels, tmp_path):
    rounded_here(monkeypatch, lambda features: features * np.float32(1 + 2**-9))
    labels = ["yes" if kind < 2 else "no" for kind in kinds]
    train_stamps(labelled(kinds, pixels=pixels, labels=labels), RECIPE).save(tmp_path / "c")
    kept = Checkpoint.load(tmp_path / "c")
    assert kept.manifest["precision"]["kind"] == "bf16"
    assert kept.manifest["precision"]["flipped"] == 0
    scorer = Scorer(kept)
    assert scorer.backbone.precision.kind == "bf16"
    assert scorer.backbone.feature_key == kept.manifest["feature_key"]
    assert kept.manifest["feature_key"] != feature_key(scorer.backbone.network, scorer.backbone.preprocessing)
    known = labelled(kinds, features=scorer.features(pixels), labels=labels)
    head = train("stamp", dataclasses.replace(known, feature_key=scorer.feature_key), base=kept)
    assert head.manifest["precision"] == kept.manifest["precision"]
    assert Scorer(head).backbone.feature_key == scorer.feature_key


def test_a_net_whose_answers_flip_stays_in_f32(monkeypatch, kinds, pixels):
    rounded_here(monkeypatch, lambda features: features[::-1])
    made = train_stamps(labelled(kinds, pixels=pixels), RECIPE)
    assert made.manifest["precision"]["kind"] == "f32"
    assert made.manifest["precision"]["flipped"] > 0.1
    scorer = Scorer(made)
    assert scorer.backbone.precision.kind == "f32"
    assert made.manifest["feature_key"] == feature_key(scorer.backbone.network, scorer.backbone.preprocessing)


@pytest.mark.parametrize("recipe", [dataclasses.replace(RECIPE, precision="f32"), Recipe("head", freeze=True)])
def test_where_nothing_is_tried_nothing_is_said(monkeypatch, kinds, pixels, recipe):
    rounded_here(monkeypatch, lambda features: features)
    assert "precision" not in train_stamps(labelled(kinds[:48], pixels=pixels[:48]), recipe).manifest


def test_keys_of_stored_features_stay_and_bf16_has_its_own():
    network = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(network.weight, 0.5)
    torch.nn.init.constant_(network.bias, 0.25)
    assert feature_key(network, native(1)) == "a6c5d88983e13ee0"
    assert feature_key(network, native(1), Precision("f32", {"flipped": 0.5})) == "a6c5d88983e13ee0"
    assert feature_key(network, native(1), Precision("bf16")) != "a6c5d88983e13ee0"


@pytest.mark.parametrize("said", [{"kind": "int4"}, "bf16", {}, None])
def test_a_foreign_precision_is_refused(kinds, pixels, said):
    network = Backbone(ResidualNet(1).eval(), native(1))
    manifest = {
        "role": "stamp", "classes": ["a", "b"], "positive": ["a"], "architecture": "residual", "precision": said,
        "preprocessing": network.preprocessing.as_manifest(), "feature_key": network.feature_key, "code_version": "9.9",
    }  # fmt: skip
    tensors = {"stamp.weight": torch.zeros(2, 256), "stamp.bias": torch.zeros(2)}
    tensors |= {f"backbone.{name}": value for name, value in network.network.state_dict().items()}
    with pytest.raises(BadCheckpoint, match=r"does not know \(its precision is .*version that made it \(9.9\)"):
        Scorer(Checkpoint(manifest, tensors)).probabilities(pixels[:1])
