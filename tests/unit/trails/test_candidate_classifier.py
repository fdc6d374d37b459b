"""The candidate classifier: the labels of candidates, and its training."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml.trails.annotation import CLASSES, Annotation
from ml.trails.candidate import Candidate
from ml.trails.candidate_classifier import FEWEST, CandidateClassifier, answers, fit_classifier
from tests.unit.trails.skies import line, trail


def candidate(*ends):
    return Candidate(np.linspace(ends[:2], ends[2:], 17).astype(float), np.zeros(6), 5.0, 2.0, np.zeros(4, np.float32))


def test_a_candidate_is_the_thing_that_it_covers():
    annotations = [trail(line(0, 0, 100, 0)), Annotation("SATELLITE", line(0, 50, 200, 50))]
    found = [candidate(2, 1, 98, 1), candidate(0, 52, 190, 48), candidate(0, 100, 50, 100)]
    assert answers(found, annotations).tolist() == [1, 1 + CLASSES.index("SATELLITE"), 0]


def test_of_two_candidates_for_one_trail_the_better_one_counts():
    found = [candidate(0, 0, 55, 0), candidate(2, 0, 99, 0)]
    assert answers(found, [trail(line(0, 0, 100, 0))]).tolist() == [0, 1]


def test_a_piece_of_a_trail_is_not_the_trail():
    assert answers([candidate(0, 0, 40, 0)], [trail(line(0, 0, 100, 0))]).tolist() == [0]


def test_it_learns_and_is_judged_on_images_that_it_never_saw():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 240)
    features = rng.normal(size=(240, 5)) + 2 * np.eye(5)[label]
    image = np.arange(240) // 6
    look, score = fit_classifier(features, label, image, seed=1)
    assert look is not None
    assert roc_auc_score(label == 1, score) > 0.9
    assert look(features).sum(1) == pytest.approx(np.ones(240))
    assert roc_auc_score(label == 1, look(features)[:, 1]) > 0.95
    mixed, blind = fit_classifier(features, rng.permutation(label), image, seed=1)
    assert mixed is not None
    assert roc_auc_score(label == 1, blind) < 0.75


def test_few_trails_teach_nothing():
    label = np.array([1] * (FEWEST - 1) + [0] * 20)
    look, score = fit_classifier(np.zeros((len(label), 3)), label, np.arange(len(label)), seed=0)
    assert look is None
    assert np.isnan(score).all()
    assert fit_classifier(np.zeros((40, 3)), np.ones(40, int), np.arange(40), seed=0)[0] is None


def test_one_image_teaches_nothing_and_two_do():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 60)
    features = rng.normal(size=(60, 5)) + 2 * np.eye(5)[label]
    look, score = fit_classifier(features, label, np.zeros(60), seed=0)
    assert look is None
    assert np.isnan(score).all()
    assert fit_classifier(features, label, np.arange(60) % 2, seed=0)[0] is not None


@pytest.mark.parametrize("annotations", [[], [Annotation("ARC", line(0, 0, 9, 9))]])
def test_nothing_found_is_nothing(annotations):
    assert answers([], annotations).tolist() == []


STUMP = {
    "feature": np.array([[0, 0, 0]]),
    "threshold": np.array([[0.5, 0, 0]]),
    "left": np.array([[1, 1, 2]]),
    "right": np.array([[2, 1, 2]]),
    "shares": np.array([[[0.5, 0.5], [1, 0], [0, 1]]]),
}


def test_a_tree_divides():
    assert CandidateClassifier(STUMP)(np.array([[0.0], [1.0]])).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"left": np.array([[1, 1, 3]])}, "nodes that it lacks"),
        ({"right": np.array([[2, 1, -1]])}, "nodes that it lacks"),
        ({"left": np.array([[1, 0, 2]]), "right": np.array([[2, 0, 2]])}, "has no end"),
        ({"feature": np.array([[0, 0]])}, "is not 1 to 300 trees"),
        ({name: value.repeat(301, axis=0) for name, value in STUMP.items()}, "is not 1 to 300 trees"),
    ],
)
def test_a_forest_of_somebody_else_cannot_hang_or_fill_the_memory(changed, said):
    with pytest.raises(ValueError, match=said):
        CandidateClassifier(STUMP | changed)(np.array([[0.0], [1.0]]))
