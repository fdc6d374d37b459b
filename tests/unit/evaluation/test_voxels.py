"""Voxel histograms against scikit-learn on the exact scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from ml.evaluation import metrics

LIMITS = (18.0, 20.0, 22.0)


def cube(seed, n=20_000, sure=0.0):
    """Return scores and magnitudes of voxels: one in fifty is a mover's, and bright ones score higher."""
    random = np.random.default_rng(seed)
    mag = np.where(random.random(n) < 0.02, random.uniform(16, 24, n), np.nan)
    logit = random.normal(size=n) - 2 + np.nan_to_num(np.clip(24 - mag, 0, None))
    score = 1 / (1 + np.exp(-logit))
    score[random.random(n) < sure] = 1.0
    return score, mag


def counted(*parts, **options):
    histogram = metrics.VoxelHistogram(LIMITS, **options)
    for score, mag in parts:
        histogram.add(score, mag)
    return histogram


@given(st.integers(0, 1000), st.sampled_from([10, 100, 10_000]))
def test_the_exact_areas_lie_within_the_stated_tolerance(seed, bins):
    score, mag = cube(seed, 500)
    mag[:2] = [17, np.nan]
    used = ~(mag >= 22)
    truth = (mag < 22)[used]
    curve = counted((score, mag), bins=bins).curve(extreme=0)
    assert abs(curve.roc_auc() - roc_auc_score(truth, score[used])) <= curve.roc_tolerance() + 1e-12
    low, high = curve.pr_bounds()
    assert low - 1e-12 <= average_precision_score(truth, score[used]) <= high + 1e-12
    assert low <= curve.pr_auc() <= high + 1e-12


def test_ten_thousand_bins_are_exact_enough():
    score, mag = cube(1)
    curve = counted((score, mag)).curve(20.0, extreme=0, compensate=False)
    used = ~(mag >= 20)
    assert curve.roc_auc() == pytest.approx(roc_auc_score(mag[used] < 20, score[used]), abs=1e-4)
    assert curve.pr_auc() == pytest.approx(average_precision_score(mag[used] < 20, score[used]), abs=0.005)


def test_the_extreme_bins_are_left_out_of_both_sides():
    """Voxels with extreme scores, right or wrong, are left out as if they did not exist."""
    score, mag = cube(2, sure=0.1)
    kept = (score >= 0.001) & (score < 0.999)
    ours, theirs = counted((score, mag)).curve(), counted((score[kept], mag[kept])).curve(extreme=0)
    assert ours.roc_auc() == pytest.approx(theirs.roc_auc())
    assert ours.pr_auc() == pytest.approx(theirs.pr_auc())
    assert ours.pr_auc() > counted((score, mag)).curve(extreme=0).pr_auc() + 0.1


def test_cubes_add_up_and_merge():
    parts = [cube(seed, 3000) for seed in range(4)]
    whole = counted((np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])))
    ours, theirs = counted(*parts[:2]), counted(*parts[2:])
    ours.merge(theirs)
    assert (ours.negatives == whole.negatives).all()
    assert (ours.positives == whole.positives).all()
    assert ours.fainter == whole.fainter > 0


def test_chunks_change_nothing(monkeypatch):
    whole = counted(cube(5))
    monkeypatch.setattr("ml.evaluation.metrics.voxels.CHUNK", 777)
    assert (counted(cube(5)).positives == whole.positives).all()


def test_false_positives_count_in_proportion_to_the_limit():
    """Half the positives are bright, so a false positive counts half: the baseline stays the same."""
    histogram = metrics.VoxelHistogram((18.0, 22.0))
    histogram.add(np.full(40, 0.5), np.r_[np.full(5, 17.0), np.full(5, 20.0), np.full(30, np.nan)])
    assert histogram.curve(18.0).baseline == pytest.approx(histogram.curve(22.0).baseline) == pytest.approx(0.25)
    assert histogram.curve(18.0, compensate=False).baseline == pytest.approx(5 / 35)


def test_brighter_limits_are_easier():
    histogram = counted(cube(3))
    areas = [histogram.curve(limit).roc_auc() for limit in LIMITS]
    assert areas == sorted(areas, reverse=True)


def test_completeness_at_a_fixed_precision():
    histogram = counted(cube(4))
    threshold = histogram.curve(compensate=False).threshold_at_precision(0.3)
    hits, total = histogram.completeness(threshold)
    score, mag = cube(4)
    assert hits.tolist() == [((mag < 18) & (score >= threshold)).sum(), *(
        ((mag >= low) & (mag < low + 2) & (score >= threshold)).sum() for low in (18, 20)
    )]  # fmt: skip
    assert (hits / total)[0] > (hits / total)[2]


def test_unknown_scores_and_magnitudes_are_counted_apart():
    histogram = metrics.VoxelHistogram(LIMITS)
    real = np.array([True, True, False, False])
    histogram.add(np.array([0.5, 0.6, np.nan, 0.1]), np.array([17.0, np.nan, np.nan, np.nan]), real)
    assert (histogram.positives.sum(), histogram.negatives.sum()) == (1, 1)
    assert (histogram.fainter, histogram.unscored) == (1, 1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda h: h.add(np.array([1.5]), np.array([np.nan])), "probabilities, not logits"),
        (lambda h: h.add(np.zeros(2), np.zeros(3)), "Shapes differ"),
        (lambda h: h.curve(19.0), "none of the limits 18.0, 20.0, 22.0"),
        (lambda h: h.curve(extreme=0.00005), "Choose another number of bins"),
        (lambda h: h.merge(metrics.VoxelHistogram((18.0,))), "cannot be merged"),
        (lambda h: metrics.VoxelHistogram((20.0, 18.0)), "must ascend"),
    ],
)
def test_what_cannot_be_counted_is_said(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        wrong(metrics.VoxelHistogram(LIMITS))
