"""Heads on bootstrap samples: they disagree about what few labels tell of."""

import numpy as np
import pytest

from ml.acquisition.ensemble import MEMBERS, bootstrap_members
from ml.acquisition.uncertainty import bald


@pytest.fixture
def labels():
    """Return features of two well-known kinds, and of a third with a single label."""
    random = np.random.default_rng(0)
    real = np.arange(300) % 2
    features = random.normal(0, 0.1, (300, 3)) + np.outer(2 * real - 1, [3, 0, 0])
    features[0] = 0, 0, 30
    return features, real.astype(float)


def test_members_disagree_about_a_kind_with_one_label_and_agree_about_known_ones(labels):
    asked = np.array([[3, 0, 0], [-3, 0, 0], [0, 0, 30]])
    members = bootstrap_members(*labels, asked, np.random.default_rng(1))
    assert members.shape == (MEMBERS, 3, 2)
    assert members.sum(axis=2) == pytest.approx(1)
    assert (members[:, 0, 1] > 0.7).all()
    assert (members[:, 1, 1] < 0.3).all()
    disagreement = bald(members)
    assert disagreement[2] > 5 * disagreement[:2].max()


def test_the_same_random_numbers_give_the_same_members(labels):
    once, again = (bootstrap_members(*labels, labels[0], np.random.default_rng(4)) for _ in range(2))
    assert (once == again).all()


def test_members_agree_on_what_has_no_features_and_one_class_is_no_error(labels):
    features, _ = labels
    members = bootstrap_members(features, np.ones(300), np.full((2, 3), np.nan), np.random.default_rng(0))
    assert bald(members) == pytest.approx([0, 0])
    assert (bootstrap_members(features, np.ones(300), features, np.random.default_rng(0))[:, :, 1] > 0.9).all()


def test_where_nothing_is_left_to_ask_about_no_member_is_fitted():
    features = np.random.default_rng(0).normal(size=(20, 3))
    assert bootstrap_members(features, np.ones(20), features[:0], np.random.default_rng(0)).shape == (MEMBERS, 0, 2)
