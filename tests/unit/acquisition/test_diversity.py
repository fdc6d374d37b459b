"""Spreading over feature space, typical subjects, near-duplicates."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.acquisition.diversity import cluster, embed, near_duplicates, spread, typicality
from ml.acquisition.rules import confident_positives, rare_classes

CENTRES = np.array([[0.0, 0, 0], [20, 0, 0], [0, 20, 0], [0, 0, 20]])


def blobs(sizes, seed=0):
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(sizes)), sizes)
    return CENTRES[kind] + rng.normal(size=(len(kind), 3)), kind


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1, max_size=60))
def test_any_first_part_of_an_order_is_spread_evenly_over_the_clusters(pairs):
    value, clusters = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    order = spread(value, clusters)
    assert sorted(order) == list(range(len(pairs)))
    sizes = np.bincount(clusters, minlength=5)
    for n in range(1, len(pairs) + 1):
        taken = np.bincount(clusters[order[:n]], minlength=5)
        left = taken < sizes
        assert not left.any() or taken[left].min() >= taken.max() - 1


def test_within_a_cluster_the_best_come_first():
    order = spread(np.array([0.1, 0.9, 0.5, 0.7]), np.array([0, 0, 1, 1]))
    assert order.tolist() == [1, 3, 2, 0]


def test_kinds_of_subjects_become_clusters_however_rare():
    features, kind = blobs([400, 400, 400, 12])
    found = cluster(embed(features), 4, np.random.default_rng(0))
    assert len({tuple(np.unique(found[kind == k])) for k in range(4)}) == 4


def test_the_middle_of_a_crowd_is_typical_and_the_rim_is_not():
    features, _ = blobs([500, 0, 0, 0])
    far = np.linalg.norm(features, axis=1)
    found = typicality(embed(features), np.zeros(500, dtype=int))
    assert found[far < 0.8].mean() > 2 * found[far > 2.5].mean()


def test_a_lone_subject_is_typical_of_nothing():
    assert typicality(np.array([[0.0], [1], [9]]), np.array([0, 0, 1]))[2] == 0


def test_copies_with_a_little_noise_are_near_duplicates_and_others_are_not():
    features, _ = blobs([60, 60, 0, 0])
    copies = features[:7] + 1e-4
    found = near_duplicates(embed(np.concatenate([features, copies])))
    assert (found[:7] == found[120:]).all()
    assert len(np.unique(found)) == 120


def test_one_row_and_constant_columns_embed():
    assert np.isfinite(embed(np.ones((1, 5)))).all()
    assert np.isfinite(embed(np.ones((6, 5)))).all()


def test_a_class_without_labels_is_the_rarest():
    p = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [np.nan] * 3])
    found = rare_classes(p, np.array([90, 10, 0]))
    assert found[2] == 1 > found[1] > found[0] > found[3] == 0


def test_unscored_subjects_are_no_confident_positives():
    assert confident_positives(np.array([0.2, np.nan])).tolist() == [0.2, 0]


def test_thousands_of_copies_of_one_picture_take_little_memory():
    features = np.random.default_rng(6).normal(size=(5_000, 8))
    features[:4_000] = 1
    embedded = embed(features)
    tracemalloc.start()
    found = near_duplicates(embedded)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert len(np.unique(found[:4_000])) == 1
    assert len(np.unique(found)) > 500
