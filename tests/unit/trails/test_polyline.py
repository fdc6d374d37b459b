"""Curves: lengths, bends and boxes against formulas, and splines through scattered points."""

import numpy as np
import pytest

from ml.imaging.polyline import box, even, length_of, sagitta, smooth
from tests.unit.trails.skies import apart, arc_of, line


def test_length_and_sagitta_of_an_arc():
    curve = arc_of((50, 50), 200.0, 0.6)
    assert length_of(curve) == pytest.approx(200 * 0.6, rel=1e-3)
    assert sagitta(curve) == pytest.approx(200 * (1 - np.cos(0.3)), rel=1e-2)
    assert sagitta(line(0, 0, 30, 40)) == 0


def test_even_points_are_evenly_spaced():
    points = even(np.array([[0.0, 0], [1, 0], [10, 0]]), 11)
    assert points[:, 0] == pytest.approx(np.arange(11))


def test_a_box_is_clipped_to_the_image():
    assert box(line(-5, 10, 30, 20), 4, (25, 100)).tolist() == [0, 8, 32, 22]


def test_a_curve_is_traced_within_a_pixel():
    rng = np.random.default_rng(3)
    true = arc_of((0, 0), 150.0, 1.4, points=400)
    traced = smooth(true + rng.normal(0, 1.2, true.shape), np.ones(len(true)))
    assert apart(traced[1:-1], true) < 1.0
    assert traced.shape == (17, 2)


def test_an_s_is_traced_within_a_pixel():
    at = np.linspace(-1, 1, 300)
    true = np.stack([100 * at, 9 * np.sin(np.pi * at)], axis=1)
    points = true + np.random.default_rng(4).normal(0, 1.0, true.shape)
    assert apart(smooth(points, np.ones(300))[1:-1], true) < 1.0


def test_two_points_make_a_straight_line():
    traced = smooth(line(3, 4, 3, 10), np.ones(2))
    assert traced[[0, -1]] == pytest.approx(line(3, 4, 3, 10))
