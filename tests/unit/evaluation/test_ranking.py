"""Areas and operating points against scikit-learn, hand-counted cases, and repeated rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from ml.evaluation.classifier import evaluate_probabilities
from ml.evaluation.metrics.decisions import (
    kappa,
    predicted_class,
    weighted_accuracy,
    weighted_decisions,
    weighted_kappa,
)
from ml.evaluation.metrics.operating import (
    completeness_at_precision,
    completeness_at_rejection,
    precision_at_completeness,
    rejected_at_completeness,
    threshold_at_completeness,
    workload_cut,
)
from ml.evaluation.metrics.ranking import rank, roc_auc

TRUTH = np.array([True, True, False, True, False, False, True, False])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.1])


@st.composite
def judged(draw):
    n = draw(st.integers(2, 40))
    truth = draw(arrays(bool, n))
    truth[:2] = [True, False]
    return truth, draw(arrays(np.float64, n, elements=st.sampled_from(np.linspace(0, 1, 9).tolist())))


@given(judged())
def test_areas_are_scikit_learns_whatever_the_ties(case):
    truth, score = case
    ranking = rank(truth, score)
    assert ranking.roc_auc()[0] == pytest.approx(reference.roc_auc_score(truth, score))
    assert ranking.pr_auc()[0] == pytest.approx(reference.average_precision_score(truth, score))
    assert roc_auc(truth, score) == pytest.approx(ranking.roc_auc()[0])


@given(judged(), st.data())
def test_a_weight_is_a_repeated_row(case, data):
    truth, score = case
    weights = data.draw(arrays(np.int64, len(truth), elements=st.integers(1, 3)))
    once, again = rank(truth, score, weights[None]), rank(*(np.repeat(x, weights) for x in case))
    assert once.roc_auc() == pytest.approx(again.roc_auc())
    assert once.pr_auc() == pytest.approx(again.pr_auc())
    assert rejected_at_completeness(once, 0.7) == pytest.approx(rejected_at_completeness(again, 0.7))


@given(judged())
def test_order_alone_matters(case):
    truth, score = case
    assert rank(truth, np.exp(3 * score) - 7).roc_auc() == pytest.approx(rank(truth, score).roc_auc())
    assert rank(~truth, -score).roc_auc() == pytest.approx(rank(truth, score).roc_auc())


@pytest.mark.parametrize(
    ("figure", "at", "expected"),
    [
        (threshold_at_completeness, 0.75, 0.6),
        (threshold_at_completeness, 0.76, 0.4),
        (rejected_at_completeness, 0.75, 3 / 4),
        (rejected_at_completeness, 1.0, 1 / 4),
        (precision_at_completeness, 0.75, 3 / 4),
        (workload_cut, 0.75, 4 / 8),
        (completeness_at_precision, 1.0, 2 / 4),
        (completeness_at_precision, 0.7, 3 / 4),
        (completeness_at_rejection, 0.75, 3 / 4),
        (completeness_at_rejection, 0.0, 1.0),
    ],
)
def test_points_counted_by_hand(figure, at, expected):
    assert figure(rank(TRUTH, SCORE), at)[0] == pytest.approx(expected)


def test_a_share_of_counts_is_reached_exactly():
    """996 of 1000 real subjects are a completeness of .996, despite floating point."""
    truth, score = np.arange(2000) < 1000, np.r_[np.linspace(1, 0.5, 1000), np.linspace(0.4, 0, 1000)]
    assert threshold_at_completeness(rank(truth, score), 0.996)[0] == score[995]


def test_points_without_one_kind_are_nan():
    only = rank(np.ones(3, dtype=bool), np.arange(3.0))
    assert np.isnan(only.roc_auc()[0])
    assert np.isnan(rejected_at_completeness(only, 0.9)[0])
    none = rank(np.zeros(3, dtype=bool), np.arange(3.0))
    for figure in (threshold_at_completeness, completeness_at_precision, workload_cut):
        assert np.isnan(figure(none, 0.9)[0])


def test_what_cannot_be_ranked_is_said():
    with pytest.raises(ValueError, match=r"1 of 2 scores are NaN.*score them again"):
        rank(np.array([True, False]), np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="at least one"):
        rank(np.array([], dtype=bool), np.array([]))
    with pytest.raises(ValueError, match="from 0 to 1, not"):
        rejected_at_completeness(rank(TRUTH, SCORE), 99.6)


@given(judged())
def test_weighted_decisions_are_scikit_learns(case):
    truth, score = case
    called = score >= 0.5
    said = weighted_decisions(truth, called, np.ones((1, len(truth))))
    if called.any():
        assert said["precision"][0] == pytest.approx(reference.precision_score(truth, called))
    assert said["recall"][0] == pytest.approx(reference.recall_score(truth, called))
    assert said["f1"][0] == pytest.approx(reference.f1_score(truth, called))
    assert said["mcc"][0] == pytest.approx(reference.matthews_corrcoef(truth, called))


@given(arrays(np.int64, 20, elements=st.integers(0, 3)), arrays(np.int64, 20, elements=st.integers(0, 3)))
def test_weighted_kappa_is_scikit_learns(truth, predicted):
    ours = weighted_kappa(truth, predicted, 4, np.ones((1, 20)))[0]
    theirs = kappa(truth, predicted, 4)
    assert ours == pytest.approx(theirs, nan_ok=True)
    right = weighted_accuracy(truth, predicted, np.ones((1, 20)))[0]
    assert right == pytest.approx(reference.accuracy_score(truth, predicted))


def test_of_real_and_bogus_the_threshold_decides_and_else_the_likeliest_class():
    two = np.array([[0.1, 0.9], [0.3, 0.7], [0.8, 0.2]])
    assert predicted_class(two, [1], 0.7).tolist() == [1, 1, 0]
    assert predicted_class(two, [1], 0.8).tolist() == [1, 0, 0]
    assert predicted_class(two[:, ::-1], [0], 0.8).tolist() == [0, 1, 1]
    assert predicted_class(np.array([[0.4, 0.35, 0.25]]), [1, 2], 0.1).tolist() == [0]
    truth = ["real", "real", "bogus"]
    said = evaluate_probabilities(two, truth, ("bogus", "real"), ("real",), threshold=0.8, draws=20)
    assert (said["confusion"], said["recall"], said["accuracy"]) == ([[1, 0], [1, 1]], 0.5, pytest.approx(2 / 3))
