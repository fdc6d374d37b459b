"""Features are read from the store, or computed and stored, in any order."""

import numpy as np
import pytest

from ml.storage.pixel_store import PixelStore
from tasks.learning.examples import by_array, features_of, of_one_shape, pixels_of
from tasks.learning.features import Features
from webapp.learning.label_snapshot import Label

N = 300


class Mean:
    """A network whose feature is the mean of the pixels; it counts its inputs."""

    feature_key = "mean"

    def __init__(self):
        self.seen = []

    def features(self, block):
        self.seen += block[:, 0, 0, 0, 0].tolist()
        return block.mean(axis=(2, 3, 4)).astype(np.float16)[..., None]


@pytest.fixture
def store(tmp_path):
    store = PixelStore(tmp_path / "pixels")
    store.append("sky", np.broadcast_to(np.arange(N, dtype=np.float32)[:, None, None, None, None], (N, 2, 1, 4, 4)))
    return store


@pytest.fixture
def array(store):
    return store.arrays("sky")[0]


def features(store, network, report=lambda n: None):
    return Features(store, "sky", network, report)


def test_each_subject_is_computed_once(store, array):
    network, told = Mean(), []
    wanted = np.array([1, 5, 127, 128, 299])
    for _ in range(2):
        found = features(store, network, told.append).of(array, wanted)
        assert found.shape == (5, 2, 1)
        assert found[:, 0, 0].tolist() == wanted.tolist()
    everything = features(store, network, told.append).of(array, np.arange(N))
    assert everything[:, 1, 0].tolist() == list(range(N))
    assert sorted(network.seen) == list(range(N))
    assert sum(told) == N


def test_what_is_known_needs_no_network(store, array):
    features(store, Mean()).of(array, np.arange(N))

    class Broken:
        feature_key = "mean"

    assert features(store, Broken()).of(array, np.arange(10, 20)).shape == (10, 2, 1)


@pytest.mark.parametrize("at", [100, 250])
def test_a_subject_at_the_index_of_a_lost_one_is_not_given_its_features(store, array, at):
    """A restored database ends before the pixels and features of its store do."""
    features(store, Mean()).of(array, np.arange(N))
    store.append("sky", np.full((140, 2, 1, 4, 4), -1, dtype=np.float32), at=at)
    network = Mean()
    found = features(PixelStore(store.root), network).of(array, np.arange(at + 140))[:, 0, 0]
    assert found[at:].tolist() == network.seen == [-1] * 140
    assert found[:at].tolist() == list(range(at))


def test_features_of_lost_subjects_are_forgotten_beyond_the_end_of_restored_pixels(store, array):
    """A restore gives the array its earlier length back, and leaves files that are newer than the backup."""
    store.write_features("sky", array, "mean", N, np.full((10, 2, 1), 7, dtype=np.float16))
    store.append("sky", np.full((10, 2, 1, 4, 4), -1, dtype=np.float32))
    assert features(store, Mean()).of(array, np.arange(N, N + 10))[:, 0, 0].tolist() == [-1] * 10


def test_labels_keep_their_order_over_arrays_and_lengths(store, array):
    store.append("sky", np.full((3, 5, 1, 4, 4), 7, dtype=np.float32))
    other = next(name for name in store.arrays("sky") if name != array)
    labels = [label(array, 9), label(other, 2), label(array, 3)]
    assert [name for name, _, _ in by_array(labels)] == sorted([array, other])
    found = features_of(labels, features(store, Mean()))
    assert found.shape == (3, 5, 1)
    assert found[:, 0, 0].tolist() == [9, 7, 3]
    assert np.isnan(found[:, 2:, 0]).all(axis=1).tolist() == [True, False, True]


def label(array, index):
    return Label(index, f"s{index}", array, index, f"g{index}", "yes", ("yes",), 1.0, "gold")


def test_one_network_is_given_stamps_of_the_most_common_shape():
    labels = [label("1x1x4x4-float32", 1), label("2x1x4x4-uint16", 2), label("1x3x9x9-float32", 3)]
    assert of_one_shape(labels) == labels[:2]


def test_pixels_are_lent_in_the_order_of_the_labels_and_leave_nothing(store, array, tmp_path):
    labels = [label(array, index) for index in (200, 3, 77)]
    with pixels_of(labels, store, "sky", tmp_path / "temporary") as pixels:
        assert pixels.shape == (3, 2, 1, 4, 4)
        assert pixels[:, 0, 0, 0, 0].tolist() == [200, 3, 77]
        assert pixels[np.array([2, 0])].shape == (2, 2, 1, 4, 4)
    assert not list((tmp_path / "temporary").iterdir())


def test_pixels_of_tracklets_of_several_lengths_are_lent_together(store, array, tmp_path):
    store.append("sky", np.full((3, 5, 1, 4, 4), 7, dtype=np.float32))
    other = next(name for name in store.arrays("sky") if name != array)
    with pixels_of([label(array, 9), label(other, 2)], store, "sky", tmp_path / "temporary") as pixels:
        assert pixels[:, :, 0, 0, 0].tolist() == [[9, 9, 0, 0, 0], [7] * 5]
