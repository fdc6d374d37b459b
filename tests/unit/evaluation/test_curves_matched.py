"""Curved trails are matched along their curves."""

import numpy as np
import pytest

from ml.evaluation.metrics import Trails, curve_cover, curve_distance, match_curves


def arc(opening, points=17):
    angle = np.linspace(0, opening, points)
    return (100 * np.stack([np.cos(angle), np.sin(angle)], axis=1)).ravel()


def trails(*shapes, value=1.0):
    return Trails(np.zeros(len(shapes)), np.array(shapes), np.full(len(shapes), value))


def test_a_shifted_line_strays_by_its_shift():
    line = np.stack([np.linspace(0, 16, 17), np.zeros(17)], axis=1)
    assert curve_distance([(line + np.array([0, 3])).ravel()], [line.ravel()])[0, 0] == pytest.approx(3)
    assert curve_distance([(line + np.array([4, 0])).ravel()], [line.ravel()])[0, 0] == pytest.approx(4)


def test_half_of_an_arc_covers_half_of_it():
    assert curve_cover([arc(0.5)], [arc(1.0)], 1.0)[0, 0] == pytest.approx(0.5, abs=0.06)
    assert curve_distance([arc(0.5)], [arc(1.0)])[0, 0] < 0.2


def level(x0, x1, y, rise=0.0, points=17):
    along = np.linspace(0, 1, points)
    return np.stack([x0 + (x1 - x0) * along, y + rise * along], axis=1).ravel()


def test_curves_match_within_pixels_and_cover():
    true = trails(level(0, 100, 0), level(0, 100, 50))
    found = trails(level(100, 0, 2, -2), level(0, 30, 50), level(0, 100, 25))
    assert match_curves(found, true).truth.tolist() == [0, -1, -1]
    assert match_curves(found, true, cover=0.3).truth.tolist() == [0, 1, -1]


def test_most_of_a_bent_trail_is_the_trail_though_its_chord_is_another():
    found, true = trails(arc(0.8)), trails(arc(1.2))
    assert match_curves(found, true).truth.tolist() == [0]
    chord = [trails(shape[[0, 1, -2, -1]]) for shape in (arc(0.8), arc(1.2))]
    assert match_curves(*chord).truth.tolist() == [-1]


def test_a_small_piece_and_one_too_long_are_not_the_trail():
    assert match_curves(trails(arc(0.3)), trails(arc(1.2))).truth.tolist() == [-1]
    assert match_curves(trails(arc(1.3)), trails(arc(1.2))).truth.tolist() == [-1]
