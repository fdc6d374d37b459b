"""Heads on stored features: both roles, every kind of label."""

import numpy as np
import pytest
import torch

from ml.data.dataset import BadExamples
from ml.data.preprocessing import FROZEN
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference import feature_extractor
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.roles import train_role
from ml.roles.cross_validation import cross_validate
from ml.tracklets import tracklet_fit
from ml.training.callbacks import silent
from ml.training.head_training import can_be_crossed, log_scores, train_head
from ml.training.presets import Recipe
from tests.unit.conftest import CLASSES, labelled


class NoBackbone(feature_extractor.Backbone):
    """A stand-in for the frozen backbone when features are stored, which takes no time to load."""

    def __init__(self) -> None:
        self.network, self.preprocessing, self.feature_key = torch.nn.Identity(), FROZEN, "frozen"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Do without the backbone, and train tracklet networks in 48 steps."""
    monkeypatch.setattr(tracklet_fit, "MANY", 6)
    monkeypatch.setattr(Recipe, "begin", lambda recipe, seed: NoBackbone())


@pytest.mark.parametrize("role", ["stamp", "tracklet"])
@pytest.mark.parametrize("labels", ["fine", "plain", "mixed"])
def test_a_head_learns_from_any_kind_of_label(role, labels, kinds, features, tmp_path):
    plain = ["yes" if kind < 2 else "no" for kind in kinds]
    fine = [CLASSES[kind] for kind in kinds]
    given = {"fine": fine, "plain": plain, "mixed": [*fine[:100], *plain[100:]]}[labels]
    train_role.train(role, labelled(kinds, features=features, labels=given)).save(tmp_path / "c")
    scorer = Scorer(Checkpoint.load(tmp_path / "c"))
    p = scorer.probabilities_from_features(features)
    assert p.shape == (240, 2 if role == "tracklet" else 4)
    assert np.allclose(p.sum(1), 1, atol=1e-5)
    assert roc_auc(kinds < 2, scorer.p_real(p)) > 0.95


def test_two_classes_do_as_well(kinds, features):
    examples = labelled(kinds, features=features)
    examples.targets = np.stack([kinds >= 2, kinds < 2], axis=1).astype(np.float32)
    examples.classes, examples.positive = ("bogus", "real"), ("real",)
    checkpoint = train_role.train("tracklet", examples)
    assert checkpoint.manifest["metrics"]["roc_auc"] > 0.9


def test_the_same_seed_gives_the_same_model(kinds, features):
    first, again = (train_role.train("tracklet", labelled(kinds, features=features), seed=4) for _ in range(2))
    assert all(torch.equal(first.tensors[name], again.tensors[name]) for name in first.tensors)


def test_epochs_are_told_in_order(kinds, features):
    told = []
    train_role.train("tracklet", labelled(kinds, features=features), on_epoch=told.append)
    assert [epoch.epoch for epoch in told] == list(range(1, len(told) + 1))
    assert told[-1].epoch == told[-1].epochs
    assert set(told[-1].metrics) == {"accuracy", "roc_auc"}
    assert all(np.isfinite([epoch.loss, epoch.val_loss]).all() for epoch in told)


def test_a_run_can_be_cancelled(kinds, features):
    def cancel(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_role.train("stamp", labelled(kinds, features=features), on_epoch=cancel)


def test_a_perceptron_that_learns_out_of_fold_is_honest_about_noise(random):
    """With random labels, 300 features and 160 rows, a leak would show as overconfidence."""
    noise = random.normal(size=(160, 4, 300)).astype(np.float16)
    kinds = random.integers(0, 4, 160)
    kinds[:4] = range(4)
    p = train_role.train("tracklet", labelled(kinds, features=noise))
    fresh = random.normal(size=(400, 4, 300)).astype(np.float16)
    p_real = Scorer(p).probabilities_from_features(fresh)[:, 1]
    assert ((p_real > 0.9) | (p_real < 0.1)).mean() < 0.1


def test_trackets_of_three_to_eight_frames_are_scored(kinds, features):
    scorer = Scorer(train_role.train("tracklet", labelled(kinds, features=features)))
    for frames in (3, 4, 8):
        p = scorer.probabilities_from_features(np.resize(features, (240, frames, 48)))
        assert np.isfinite(p).all()


def test_features_that_are_missing_give_no_score(kinds, features):
    scorer = Scorer(train_role.train("tracklet", labelled(kinds, features=features)))
    unknown = features[:2].copy()
    unknown[1] = np.nan
    p = scorer.probabilities_from_features(unknown)
    assert np.isfinite(p[0]).all()
    assert np.isnan(p[1]).all()


def test_features_of_another_backbone_are_refused(kinds, features):
    examples = labelled(kinds, features=features)
    examples.feature_key = "other"
    with pytest.raises(BadExamples, match="The stored features are other"):
        train_role.train("stamp", examples)


def test_features_of_another_length_are_refused(kinds, features):
    scorer = Scorer(train_role.train("stamp", labelled(kinds, features=features)))
    with pytest.raises(ValueError, match="have 40 numbers each, but this model reads 48"):
        scorer.probabilities_from_features(features[..., :40])


def test_neither_features_nor_pixels(kinds):
    with pytest.raises(BadExamples, match="neither features nor pixels"):
        train_role.train("stamp", labelled(kinds))


def test_weights_of_zero_silence_a_row(kinds, features):
    """Half of the labels are wrong, with weight 0."""
    wrong = np.arange(240) % 2 == 0
    examples = labelled(np.where(wrong, (kinds + 2) % 4, kinds), features=features)
    examples.weights[wrong] = 0
    scorer = Scorer(train_role.train("stamp", examples))
    assert roc_auc(kinds < 2, scorer.p_real(scorer.probabilities_from_features(features))) > 0.9


def test_unknown_roles_and_presets_are_named(kinds, features):
    with pytest.raises(ValueError, match="no role 'trail'"):
        train_role.train("trail", labelled(kinds, features=features))
    with pytest.raises(ValueError, match="no preset 'huge'"):
        train_role.train("stamp", labelled(kinds, features=features), preset="huge")


def test_of_one_real_object_the_model_is_not_cooled_and_says_so(random):
    """It was once calibrated on bogus only, which made every answer a certain no."""
    kinds = np.array([0, *[2] * 12])
    features = random.normal(size=(13, 1, 40)).astype(np.float16)
    learnt = train_role.train("stamp", labelled(kinds, features=features, labels=["yes", *["no"] * 12]))
    assert ["could not be calibrated" in note for note in learnt.manifest["notes"]].count(True) == 1
    p = Scorer(learnt).probabilities_from_features(random.normal(size=(200, 1, 40)).astype(np.float16))
    assert 0.05 < p[:, :2].sum(1).mean() < 0.95


def test_with_two_real_objects_the_model_is_cooled(random):
    features = random.normal(size=(14, 1, 40)).astype(np.float16)
    learnt = train_role.train("stamp", labelled([0, 0, *[2] * 12], features=features))
    assert not any("calibrated" in note for note in learnt.manifest["notes"])


def test_labels_that_are_not_trusted_cool_nothing(kinds, features):
    examples = labelled(kinds, features=features)
    examples.weights[kinds < 2] = 0
    assert any("could not be calibrated" in note for note in train_role.train("stamp", examples).manifest["notes"])


def test_only_a_network_that_has_seen_no_label_gets_a_cross_validated_head(kinds, features, monkeypatch):
    """Without trust in the held-out fifth, a head can only be calibrated by folds."""

    def notes(**settings):
        examples = labelled(kinds, features=features)
        examples.weights[examples.split()[1]] = 0
        return train_role.train("stamp", examples, **settings).manifest["notes"]

    base = train_role.train("stamp", labelled(kinds, features=features))
    monkeypatch.setattr(Scorer, "backbone", NoBackbone())
    assert not any("could not be calibrated" in note for note in notes())
    assert any("could not be calibrated" in note for note in notes(base=base))


def test_folds_calibrate_few_labels_better_than_one_split():
    """Features overlap: 60 labels, 2,000 others to judge by, eight draws."""
    losses = {True: [], False: []}
    for seed in range(8):
        random = np.random.default_rng(seed)
        real = random.random(2060) < 0.5
        features = random.normal(0.35 * real[:, None, None], 1, (2060, 1, 60)).astype(np.float16)
        labels = ["yes" if each else "no" for each in real[:60]]
        examples = labelled(np.where(real, 0, 2)[:60], features=features[:60], labels=labels)
        for crossed, found in losses.items():
            head = train_head(examples, examples.features, seed=seed, on_epoch=silent, crossed=crossed)[0].stamp
            p_real = log_scores(head, features[60:])[:, 0, examples.positive_index].exp().sum(1).numpy()
            found.append(-np.log(np.where(real[60:], p_real, 1 - p_real).clip(1e-9)).mean())
    assert np.mean(losses[True]) < np.mean(losses[False])


def test_two_objects_of_a_kind_are_too_few_for_folds(random):
    features = random.normal(size=(14, 1, 40)).astype(np.float16)
    assert not can_be_crossed(labelled([0, 0, *[2] * 12], features=features))


def test_tracklets_of_three_real_objects_are_enough(random):
    kinds = [0] * 3 + [2] * 12
    features = random.normal(size=(15, 4, 40)).astype(np.float16)
    assert train_role.train("tracklet", labelled(kinds, features=features)).manifest["role"] == "tracklet"


def test_objects_that_leave_a_fold_empty_are_cross_validated(random):
    features = random.normal(size=(5, 1, 40)).astype(np.float16)
    assert np.isfinite(cross_validate(labelled([2, 2, 2, 0, 0], features=features))).all()


def test_cross_validation_never_scores_what_it_learnt(random):
    """With random labels, out-of-fold scores are no better than chance."""
    noise, kinds = random.normal(size=(200, 1, 100)).astype(np.float16), random.permutation(np.arange(200) % 4)
    p = cross_validate(labelled(kinds, features=noise))
    assert 0.35 < roc_auc(kinds < 2, p) < 0.65


def test_cross_validation_learns(kinds, features):
    assert roc_auc(kinds < 2, cross_validate(labelled(kinds, features=features), role="tracklet", folds=2)) > 0.95


@pytest.mark.parametrize("n", [120, 700])
def test_a_head_that_needs_fewer_epochs_than_planned_says_so(n, random):
    """With few labels the head is cross-validated, and an epoch is one strength of its regularisation."""
    kinds, told = np.arange(n) % 4, []
    features = random.normal(size=(n, 1, 40)).astype(np.float16)
    learnt = train_role.train("stamp", labelled(kinds, features=features), on_epoch=told.append)
    last = told[-1]
    assert last.epoch < last.epochs
    note = f"Stopped after {last.epoch} of {last.epochs} epochs, since the loss no longer fell."
    assert note in learnt.manifest["notes"]
