"""Streaming reliability counts equal those of all voxels at once."""

import numpy as np
import pytest

from ml.evaluation.metrics.calibration_error import (
    ReliabilityCounts,
    ece,
    ece_of,
    fractions_of_real,
    reliability_diagram,
)


def voxels(seed, n=3000):
    random = np.random.default_rng(seed)
    p = random.beta(0.3, 3, n)
    return p, random.random(n) < p**2


def counted(*parts):
    counts = ReliabilityCounts()
    for p, real in parts:
        counts.add(p, real)
    return counts


def test_cube_after_cube_says_what_all_voxels_at_once_say():
    parts = [voxels(seed) for seed in range(3)]
    p, real = (np.concatenate(side) for side in zip(*parts, strict=True))
    counts, whole = counted(*parts), reliability_diagram(real, p)
    assert counts.ece() == pytest.approx(ece(real, p))
    for name, values in counts.diagram().items():
        assert values == pytest.approx(whole[name], nan_ok=True)
    assert fractions_of_real(counts.cells) == pytest.approx(whole["real"], nan_ok=True)


def test_chunks_change_nothing(monkeypatch):
    whole = counted(voxels(1)).cells
    monkeypatch.setattr("ml.evaluation.metrics.calibration_error.CHUNK", 777)
    assert counted(voxels(1)).cells == pytest.approx(whole)


def test_draws_are_judged_together():
    cells = np.stack([counted(voxels(seed)).cells for seed in range(4)]).reshape(2, 2, 3, -1)
    assert ece_of(cells)[1, 0] == pytest.approx(counted(voxels(2)).ece())


def test_what_was_not_measured_is_left_out_and_nothing_is_unknown():
    counts = counted((np.array([[0.95, np.nan]], np.float32), np.array([[True, True]])))
    assert counts.diagram()["n"].tolist() == [0] * 9 + [1]
    assert counts.ece() == pytest.approx(0.05, abs=1e-6)
    assert np.isnan(ReliabilityCounts().ece())


def test_what_cannot_be_counted_is_said():
    with pytest.raises(ValueError, match="probabilities, not logits"):
        counted((np.array([1.5]), np.array([True])))
    with pytest.raises(ValueError, match="Shapes differ"):
        counted((np.array([0.5]), np.array([True, False])))
