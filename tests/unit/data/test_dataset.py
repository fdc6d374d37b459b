"""Labels, splits, and errors for unusable examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.dataset import BadExamples, allowed, grouped_folds
from ml.data.held_out import held_out
from tests.unit.conftest import CLASSES, POSITIVE, labelled


def test_labels_allow_classes():
    targets = allowed(["CR", "yes", "no", "Real"], CLASSES, POSITIVE)
    assert targets.tolist() == [[0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0]]


def test_an_unknown_label_is_named_with_its_place():
    with pytest.raises(BadExamples, match="Label 'GHOST' of example 2"):
        allowed(["CR", "GHOST"], CLASSES, POSITIVE)


def test_an_uncertain_yes_is_real_by_its_probability_and_certain_by_it():
    examples = labelled([0, 2, 0, 3], labels=["yes", "no", "AST", "NOISE"])
    examples.targets[0] = [0.8, 0.8, 0.2, 0.2]
    examples.targets[1] = [0.03, 0.03, 0.97, 0.97]
    examples.weights[2] = 0.5
    assert examples.real() == pytest.approx([0.8, 0.03, 1, 0])
    assert examples.certainty() == pytest.approx([0.8, 0.97, 0.5, 1])


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


FEW_AND_MANY = st.lists(st.integers(1, 12), min_size=2, max_size=4)


def subjects(counts, seed):
    """Return groups and kinds of subjects in random order: so many objects of each kind, with one to three subjects."""
    random = np.random.default_rng(seed)
    objects = random.permutation(np.repeat(np.arange(len(counts)), counts))
    groups = random.permutation(np.repeat(np.arange(len(objects)), random.integers(1, 4, len(objects))))
    return groups, objects[groups]


@given(FEW_AND_MANY.filter(lambda counts: max(counts) > 1), st.integers(2, 10), st.integers(0, 99))
def test_a_kind_of_two_objects_is_on_both_sides_and_one_of_a_single_object_is_learnt_from(counts, folds, seed):
    groups, kinds = subjects(counts, seed)
    held = grouped_folds(groups, kinds, folds, seed) == 0
    for kind, count in enumerate(counts):
        assert not held[kinds == kind].all()
        assert held[kinds == kind].any() == (count > 1)


@given(FEW_AND_MANY, st.integers(2, 6), st.integers(0, 99))
def test_kinds_of_as_many_objects_as_there_are_folds_are_dealt_one_after_another(counts, folds, seed):
    """Published models depend on it."""
    groups, kinds = subjects(counts, seed)
    _, first = np.unique(groups, return_index=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    in_turn = np.empty(len(first), dtype=int)
    in_turn[shuffled[np.argsort(kinds[first][shuffled], kind="stable")]] = np.arange(len(first)) % folds
    many = np.array(counts)[kinds] >= folds
    assert (grouped_folds(groups, kinds, folds, seed) == in_turn[groups])[many].all()


@pytest.mark.parametrize(("bogus", "real", "held"), [(12, 3, 1), (11, 4, 1), (13, 2, 1), (52, 3, 1), (10, 1, 0)])
def test_few_real_objects_are_learnt_from_and_judged_by(bogus, real, held):
    examples = labelled([2] * bogus + [0] * real)
    train, validation = examples.split()
    assert examples.real()[validation].sum() == held
    assert examples.real()[train].sum() == real - held


@pytest.mark.parametrize(("real", "bogus"), [(14, 14), (5, 995)])
def test_with_few_real_ones_both_kinds_are_on_both_sides_whatever_the_names(real, bogus):
    kinds = np.arange(real + bogus) < real
    for trial in range(50):
        rows = held_out(np.array([f"{trial}-{number}" for number in range(len(kinds))]), kinds, 0.2).rows
        assert all(0 < rows[kinds == kind].sum() < (kinds == kind).sum() for kind in (True, False))


def test_the_split_is_disjoint_and_complete(kinds):
    train, validation = labelled(kinds).split(0.25)
    assert sorted([*train, *validation]) == list(range(len(kinds)))
    assert 45 <= len(validation) <= 75


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=5), st.integers(0, 999))
def test_more_objects_never_move_one_from_training_to_validation(growth, seed):
    """Whether there are few of a kind or many, each training goes on from the one before."""
    kinds = np.concatenate([np.random.default_rng(seed).permutation(np.repeat([0, 2], counts)) for counts in growth])
    groups = np.array([f"{seed}-{place}" for place in range(len(kinds))])
    learnt, train_only = set(), ()
    for n in np.cumsum(np.sum(growth, axis=1)):
        found = held_out(groups[:n], kinds[:n], 0.2, train_only)
        assert not learnt & set(groups[:n][found.rows])
        learnt, train_only = set(groups[:n][~found.rows]), found.train_only


def test_the_order_of_the_rows_does_not_matter_to_the_split(kinds):
    examples = labelled(kinds)
    back = examples.take(np.arange(len(examples))[::-1])
    assert set(examples.groups[examples.split()[1]]) == set(back.groups[back.split()[1]])


def test_taken_rows_keep_their_pixels(kinds, pixels):
    part = labelled(kinds, pixels=pixels).take(np.array([5, 9]))
    assert np.array_equal(part.pixels[np.array([1])], pixels[[9]])
    assert part.groups.tolist() == ["5", "9"]


@pytest.mark.parametrize(("kind", "missing"), [(0, "No labelled subject is bogus"), (2, "No labelled subject is real")])
def test_one_kind_alone_cannot_be_learnt(kind, missing):
    with pytest.raises(BadExamples, match=missing):
        labelled([kind] * 20).check()


def test_examples_of_one_object_cannot_be_learnt():
    examples = labelled([0, 2] * 10)
    examples.groups = np.array(["night 1"] * 20)
    with pytest.raises(BadExamples, match=r"The 20 examples are of 1 object \(object_group\), too few.*two or more"):
        examples.check()


def test_one_object_of_each_kind_leaves_none_to_judge_by():
    examples = labelled([0] + [2] * 19)
    examples.groups = np.array(["a"] + ["b"] * 19)
    with pytest.raises(BadExamples, match=r"The 20 examples are of 2 objects \(object_group\), too few"):
        examples.split()


def test_two_nights_of_both_kinds_are_enough():
    examples = labelled([0, 2] * 10)
    examples.groups = np.repeat(["night 1", "night 2"], 10)
    assert [len(part) for part in examples.split()] == [10, 10]


def test_an_empty_class_is_noted():
    examples = labelled([0, 2] * 5)
    examples.check()
    assert examples.notes == ["No example allows STREAK, NOISE: the model will never answer so."]


def test_objects_with_certain_labels_of_both_kinds_are_noted():
    examples = labelled([0, 2] * 5)
    examples.groups = np.repeat(list("abcde"), 2)
    examples.weights[:2] = [0, 1]
    examples.targets[2] = [0.5, 0.5, 0, 0]
    examples.targets[4] = [0.1, 0, 0.9, 0]
    examples.check()
    assert "real and bogus: 3." in examples.notes[-1]
    assert examples.notes[-1].startswith("Objects (object_group) whose labels contradict each other")


def test_a_class_of_a_few_examples_is_noted():
    examples = labelled([0, 1, 2, 3] * 5)
    examples.check()
    assert examples.notes == []
    rare = labelled([0, 2, 3] * 5 + [1])
    rare.check()
    assert rare.notes[0].startswith("Few examples allow STREAK (1): ")


def test_features_not_computed_yet(kinds, features):
    features[3, 0, 0] = np.nan
    with pytest.raises(BadExamples, match="not computed yet"):
        labelled(kinds, features=features).check()
