"""Metrics against scikit-learn, intervals against theory."""

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from ml.evaluation.classifier import bootstrap_difference, class_numbers, evaluate_probabilities
from ml.evaluation.metrics.calibration_error import ece
from ml.evaluation.metrics.ranking import rank, roc_auc

CLASSES = ("AST", "CR", "NOISE")


@pytest.fixture
def judged(random):
    truth = random.integers(0, 3, 400)
    p = random.dirichlet(np.ones(3), 400) * 0.6 + np.eye(3)[truth] * 0.4
    return p, truth


def test_figures_are_scikit_learns(judged):
    p, truth = judged
    said, real, called = evaluate_probabilities(p, truth, CLASSES, ("AST",)), truth == 0, p[:, 0] >= 0.5
    expected = {
        "accuracy": reference.accuracy_score(truth, p.argmax(1)),
        "roc_auc": reference.roc_auc_score(real, p[:, 0]),
        "pr_auc": reference.average_precision_score(real, p[:, 0]),
        "precision": reference.precision_score(real, called),
        "recall": reference.recall_score(real, called),
        "f1": reference.f1_score(real, called),
        "mcc": reference.matthews_corrcoef(real, called),
        "kappa": reference.cohen_kappa_score(truth, p.argmax(1)),
        "log_loss": reference.log_loss(truth, p),
    }
    assert {name: said[name] for name in expected} == pytest.approx(expected)
    assert said["confusion"] == reference.confusion_matrix(truth, p.argmax(1)).tolist()
    assert said["n"] == 400


def test_names_and_numbers_are_the_same_truth(judged):
    p, truth = judged
    named = evaluate_probabilities(p, [CLASSES[k] for k in truth], CLASSES, ("AST",), draws=50)
    assert named == evaluate_probabilities(p, truth, CLASSES, ("AST",), draws=50)


def test_the_interval_holds_the_figure_and_is_reproducible(judged):
    p, truth = judged
    said = evaluate_probabilities(p, truth, CLASSES, ("AST",), seed=3)
    for name in ("roc_auc", "accuracy"):
        low, high = said["intervals"][name]
        assert low < said[name] < high
    assert said == evaluate_probabilities(p, truth, CLASSES, ("AST",), seed=3)


def test_the_interval_of_accuracy_is_binomial(random):
    truth = np.zeros(1000, dtype=int)
    truth[:300] = 1
    p = np.eye(2)[random.permutation(truth)]
    low, high = evaluate_probabilities(p, truth, ("a", "b"), ("b",))["intervals"]["accuracy"]
    accuracy = (p.argmax(1) == truth).mean()
    assert (high - low) == pytest.approx(2 * 1.96 * np.sqrt(accuracy * (1 - accuracy) / 1000), rel=0.15)


def test_rows_of_one_object_widen_the_interval(judged):
    p, truth = np.repeat(judged[0], 5, axis=0), np.repeat(judged[1], 5)
    alone = evaluate_probabilities(p, truth, CLASSES, ("AST",))["intervals"]["roc_auc"]
    grouped = evaluate_probabilities(p, truth, CLASSES, ("AST",), np.repeat(np.arange(400), 5))["intervals"]["roc_auc"]
    assert (grouped[1] - grouped[0]) > 1.8 * (alone[1] - alone[0])


def test_one_kind_alone_leaves_none_and_stays_json():
    said = evaluate_probabilities(np.eye(2)[[0, 0, 1]], ["a", "a", "a"], ("a", "b"), ("b",))
    assert said["roc_auc"] is None
    assert said["recall"] is None
    json.dumps(said, allow_nan=False)


def test_unscored_rows_are_left_out_and_counted(judged):
    p, truth = judged[0].copy(), judged[1]
    p[:10] = np.nan
    said = evaluate_probabilities(p, truth, CLASSES, ("AST",), draws=20)
    assert (said["n"], said["unscored"]) == (390, 10)


def test_nothing_to_evaluate():
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate_probabilities(np.full((2, 2), np.nan), ["a", "b"], ("a", "b"), ("b",))


def test_an_unknown_truth_is_named():
    with pytest.raises(ValueError, match="'GHOST' is not one of the model's classes AST, CR, NOISE"):
        class_numbers(["AST", "GHOST"], CLASSES)
    with pytest.raises(ValueError, match="must be 0 to 2"):
        class_numbers([0, 3], CLASSES)


@pytest.mark.parametrize("ties", [False, True])
def test_weighted_auc_is_the_auc_of_repeated_rows(random, ties):
    truth, score = random.random(60) < 0.4, random.random(60)
    score = np.round(score, 1) if ties else score
    weights = random.integers(0, 4, (5, 60)).astype(float)
    for w, auc in zip(weights, rank(truth, score, weights).roc_auc(), strict=True):
        rows = np.repeat(np.arange(60), w.astype(int))
        assert auc == pytest.approx(reference.roc_auc_score(truth[rows], score[rows]))


def test_auc_without_one_kind_is_nan():
    assert np.isnan(roc_auc(np.ones(3, dtype=bool), np.arange(3)))
    assert np.isnan(rank(np.array([True, False]), np.arange(2.0), np.array([[1.0, 0.0]])).roc_auc())


def test_ece_of_a_known_forecast():
    """Eight of ten say 0.9 rightly where nine should, two say 0.1 and both are real."""
    truth = np.array([1] * 8 + [1, 1], dtype=bool)
    assert ece(truth, np.array([0.9] * 8 + [0.1] * 2)) == pytest.approx(0.8 * 0.1 + 0.2 * 0.9)


def test_a_better_model_is_seen_to_be_better(random):
    truth = random.random(600) < 0.5
    good, poor = truth + random.normal(0, 0.5, 600), truth + random.normal(0, 1.5, 600)
    difference, low, high = bootstrap_difference(truth, good, poor, np.arange(600))
    assert low > 0
    assert low < difference < high


def test_a_model_is_no_better_than_itself(random):
    truth, p = random.random(100) < 0.5, random.random(100)
    assert bootstrap_difference(truth, p, p) == (0, 0, 0)


def test_the_gate_compares_arrays_of_one_length():
    with pytest.raises(ValueError, match="Lengths differ: 2 truths, 3 and 2"):
        bootstrap_difference(np.ones(2), np.ones(3), np.ones(2))
