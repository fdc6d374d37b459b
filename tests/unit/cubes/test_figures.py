"""Voxel metrics by limit and object completeness by magnitude, against counts made by hand."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml.cubes.cube import Cube, Known, known_objects
from ml.cubes.object_completeness import ObjectCounts
from ml.cubes.tracks import find_tracks
from ml.cubes.voxel_metrics import FIGURES, VoxelCounts, limit_table, raw_score, voxel_reliability
from ml.evaluation.metrics.calibration_error import ece
from ml.io.records import BadInput
from tests.unit.cubes.test_tracks import painted

T = np.arange(40)


def cube(number, mags=(17.5, 19.5), shape=(10, 16, 16)):
    """Return a cube of noise with one stripe per mover, the brighter the mover the brighter."""
    random = np.random.default_rng(number)
    change, mask = random.standard_normal(shape).astype(np.float32), np.zeros(shape, np.uint8)
    objects = []
    for row, mag in enumerate(mags, start=1):
        mask[:, 4 * row, 2:9] = row
        change[mask == row] += 20 - mag
        places = np.full(shape[0], 5.0), np.full(shape[0], 4.0 * row)
        objects.append(Known(str(row), mag, row, np.arange(float(shape[0])), *places))
    return Cube(f"c{number}", f"g{number}", change[None], np.ones(shape, bool), mask, objects)


def counted(*each):
    counts = VoxelCounts((18.0, 20.0))
    for one in each:
        counts.add(1 / (1 + np.exp(4 - 2 * one.change)), one)
    return counts


def test_each_limit_is_judged_against_all_empty_voxels():
    cubes = [cube(number) for number in range(3)]
    rows = limit_table(counted(*cubes), seed=0, draws=30)
    change, mask = (np.concatenate([getattr(one, name) for one in cubes]) for name in ("change", "mask"))
    for row, of_limit in zip(rows, (mask == 1, mask > 0), strict=True):
        used = of_limit | (mask == 0)
        exact = roc_auc_score(of_limit[used], change[used])
        assert row["roc_auc_all"] == pytest.approx(exact, abs=1e-3)
        assert row["raw_roc_auc"] == pytest.approx(exact, abs=1e-3)
        assert row["margin_roc_auc"] == pytest.approx(0, abs=1e-3)  # the same order of voxels
        assert row["positives"] == of_limit.sum()
        low, high = row["intervals"]["roc_auc_all"]
        assert low <= row["roc_auc_all"] <= high
        assert set(FIGURES) <= set(row)


def test_the_extreme_bins_are_told():
    one = cube(0)
    counts = VoxelCounts((20.0,))
    p = np.where(one.change > 1, 0.9999, np.where(one.change < 0, 0.0, 0.5)).astype(np.float32)
    counts.add(p, one)
    ignored = limit_table(counts, seed=0, draws=30)[0]["ignored"]
    extreme = (p == 0) | (p > 0.99)
    assert ignored["positives"] == pytest.approx(extreme[one.mask > 0].mean())
    assert ignored["negatives"] == pytest.approx(extreme[one.mask == 0].mean())


def test_voxels_that_were_not_measured_count_nowhere():
    one = cube(0)
    one.measured[3:] = False
    one.mask[3:] = 0
    counts = counted(one)
    assert counts.network.unscored == counts.raw.unscored == 7 * 16 * 16
    assert counts.network.positives.sum() == (one.mask[:3] > 0).sum()


def test_the_calibration_is_that_of_all_measured_voxels_with_intervals_by_cube():
    cubes = [cube(number) for number in range(3)]
    cubes[0].measured[3:] = False
    cubes[0].mask[3:] = 0
    p, real, measured = (
        np.concatenate(parts)
        for parts in zip(*((1 / (1 + np.exp(4 - 2 * c.change)), c.mask > 0, c.measured) for c in cubes), strict=True)
    )
    meant = voxel_reliability(counted(*cubes), seed=0, draws=50)
    assert meant.ece == pytest.approx(ece(real[measured], p[measured]), abs=1e-6)
    assert meant.bins["n"].sum() == measured.sum()
    assert meant.span[0] <= meant.ece <= meant.span[1]
    known = meant.bins["n"] > 0
    assert (meant.bins["low"] <= meant.bins["real"])[known].all()
    assert (meant.bins["real"] <= meant.bins["high"])[known].all()


def test_draws_are_of_whole_groups():
    cubes = [cube(number) for number in range(4)]
    for one in cubes:
        one.group = "same"
    low, high = limit_table(counted(*cubes), seed=0, draws=30)[0]["intervals"]["roc_auc_all"]
    assert low == pytest.approx(high, abs=1e-9)


def test_a_raw_score_keeps_the_order_of_the_pixels():
    x = np.array([-1e4, -3, 0, 1, 1e4], np.float32)
    score = raw_score(x)
    assert (np.diff(score) > 0).all()
    assert 0 <= score.min() < score.max() <= 1


def test_objects_are_found_by_tracks_and_other_tracks_are_false():
    followed, missed = (3 + 0.8 * T, 10 + 0.2 * T), (30 - 0.5 * T, np.full(40, 35.0))
    ghost = (5 + 0.6 * T, 30 - 0.3 * T)
    shape = (40, 40, 40)
    mask = np.zeros(shape, np.uint8)
    objects = []
    for number, (x, y, mag) in enumerate(((*followed, 17.0), (*missed, 19.0)), start=1):
        mask[T, y.astype(int), x.astype(int)] = number
        objects.append(Known(str(number), mag, number, T.astype(float), x, y, rate=30.0 * number))
    brief = Known("3", 16.0, 3, T.astype(float), followed[0], followed[1])  # no mask shows it
    one = Cube("c", "c", np.zeros((1, *shape), np.float32), np.ones(shape, bool), mask, [*objects, brief])
    object_counts = ObjectCounts()
    object_counts.add(find_tracks(painted(followed, ghost), 0.3), one)
    said = object_counts.figures((18.0, 20.0))
    assert [(part["objects"], part["found"]) for part in said["completeness"]] == [(1, 1), (1, 0)]
    assert (said["tracks"], said["false_tracks"], said["false_tracks_per_cube"]) == (2, 1, 1)
    assert said["median_offset_pixels"] < 0.1
    by_rate = said["by_condition"]["rate"]
    assert (by_rate["n"][0], by_rate["hits"][0], by_rate["n"][-1], by_rate["hits"][-1]) == (1, 1, 1, 0)
    assert np.isnan(object_counts.search.score).tolist() == [False, True]
    assert [note.split("`")[1] for note in object_counts.search.missing_quantities()] == ["snr"]


def test_an_object_tells_its_rate_and_its_signal_and_null_is_not_known():
    each = {"id": 1, "x": [1, 2], "y": [1, 2], "mag": None, "rate": 33, "snr": "4.5"}
    (known,) = known_objects(json.dumps([each]))
    assert (known.rate, known.snr) == (33, 4.5)
    assert np.isnan(known.mag)
    with pytest.raises(BadInput, match="could not convert string to float: 'fast'"):
        known_objects([each | {"rate": "fast"}])
