"""Labels, splits, and what is said where nothing can be learnt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.dataset import BadExamples, allowed, grouped_folds
from tests.unit.learning_science.conftest import CLASSES, POSITIVE, labelled


def test_labels_allow_classes():
    targets = allowed(["CR", "yes", "no", "Real"], CLASSES, POSITIVE)
    assert targets.tolist() == [[0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0]]


def test_an_unknown_label_is_named_with_its_place():
    with pytest.raises(BadExamples, match="Label 'GHOST' of example 2"):
        allowed(["CR", "GHOST"], CLASSES, POSITIVE)


def test_real_is_the_share_of_real_mass():
    examples = labelled([0, 2, 0, 3], labels=["yes", "no", "AST", "NOISE"])
    assert examples.real().tolist() == [1, 0, 1, 0]


@given(st.lists(st.integers(0, 30), min_size=2, max_size=200), st.integers(2, 5), st.integers(0, 99))
def test_no_group_is_in_two_folds(groups, folds, seed):
    groups = np.array(groups)
    fold_of = grouped_folds(groups, groups % 2, folds, seed)
    assert all(len(set(fold_of[groups == group])) == 1 for group in set(groups.tolist()))
    assert fold_of.min() >= 0
    assert fold_of.max() < folds


def test_kinds_are_dealt_evenly():
    kinds = np.arange(100) < 20
    fold_of = grouped_folds(np.arange(100), kinds, 5, 0)
    assert np.bincount(fold_of[kinds], minlength=5).tolist() == [4] * 5


def test_the_split_is_disjoint_and_complete(kinds):
    train, validation = labelled(kinds).split(0.25, seed=3)
    assert sorted([*train, *validation]) == list(range(len(kinds)))
    assert len(validation) == 60


def test_taken_rows_keep_their_pixels(kinds, pixels):
    part = labelled(kinds, pixels=pixels).take(np.array([5, 9]))
    assert np.array_equal(part.pixels[np.array([1])], pixels[[9]])
    assert part.groups.tolist() == ["5", "9"]


@pytest.mark.parametrize(("kind", "missing"), [(0, "none is bogus"), (2, "none is real")])
def test_one_kind_alone_cannot_be_learnt(kind, missing):
    with pytest.raises(BadExamples, match=missing):
        labelled([kind] * 20).check()


def test_an_empty_class_is_noted():
    examples = labelled([0, 2, 0, 2])
    examples.check()
    assert examples.notes == ["No example allows STREAK, NOISE: the model will never answer so."]


def test_features_not_computed_yet(kinds, features):
    features[3, 0, 0] = np.nan
    with pytest.raises(BadExamples, match="not computed yet"):
        labelled(kinds, features=features).check()
