"""A random sample of images that don't all fit into memory."""

import numpy as np
import pytest

from ml.cli.subsample import Subsample


def kept(sizes, room, seed):
    share = Subsample(room, seed)
    for number, size in enumerate(sizes):
        share.offer(number, size)
        assert sum(sizes[each] for each in share.kept()) <= room
    return share.kept()


@pytest.mark.parametrize("seed", range(3))
def test_what_fits_is_kept_in_its_order(seed):
    assert kept([3, 1, 2, 4], 10, seed) == [0, 1, 2, 3]


@pytest.mark.parametrize("sizes", [[1] * 40, [1, 3, 3, 1] * 10, [3] * 10 + [1] * 20 + [3] * 10])
def test_the_first_is_as_likely_kept_as_the_last_and_no_more_is_held_than_there_is_room_for(sizes):
    counts = np.zeros(40)
    for seed in range(600):
        counts[kept(sizes, 12, seed)] += 1
    assert counts[:20].mean() == pytest.approx(counts[20:].mean(), rel=0.1)
    assert counts.min() > 0.5 * counts.mean()


def test_what_is_larger_than_the_room_is_kept_alone():
    share = Subsample(10, 0)
    share.offer("large", 11)
    assert share.kept() == ["large"]
