"""Matching of detected and true trails."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.evaluation import metrics

boxes = arrays(np.float64, (3, 4), elements=st.floats(-50, 50)).map(
    lambda quads: np.concatenate([np.minimum(quads[:, :2], quads[:, 2:]), np.maximum(quads[:, :2], quads[:, 2:])], 1)
)
lines = arrays(np.float64, (3, 4), elements=st.floats(-50, 50))


def trails(shapes, values, images=None):
    shapes = np.array(shapes, dtype=float).reshape(-1, 4)
    return metrics.Trails(np.zeros(len(shapes), int) if images is None else np.array(images), shapes, np.array(values))


@given(boxes, boxes)
def test_iou_is_a_share_and_has_no_sides(a, b):
    overlap = metrics.iou(a, b)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-12)).all()
    assert overlap == pytest.approx(metrics.iou(b, a).T)


@given(lines, lines)
def test_the_distance_is_that_of_the_farthest_point(a, b):
    """Brute force: from every step along the found line to a finely divided true one."""
    steps = np.linspace(0, 1, 41)[:, None]
    walk = [line[:2] + steps * (line[2:] - line[:2]) for line in (a[0], b[0])]
    between = np.linalg.norm(walk[0][:, None] - walk[1][None], axis=-1).min(1).max()
    length = np.linalg.norm(b[0, 2:] - b[0, :2])
    assert metrics.line_distance(a, b)[0, 0] == pytest.approx(between, abs=length / 40 + 1e-9)


def test_lines_by_hand():
    true = np.array([[0, 0, 100, 0]])
    found = np.array([[100, 3, 50, 0], [0, 0, 100, 0], [-10, 0, 20, 4]])
    assert metrics.line_distance(found, true)[:, 0] == pytest.approx([3, 0, 10])
    assert metrics.line_cover(found, true)[:, 0] == pytest.approx([0.5, 1, 0.2])


def test_boxes_match_one_to_one_the_surest_first():
    true = trails([[0, 0, 10, 10], [20, 0, 30, 10]], [5.0, 8.0])
    found = trails([[0, 0, 10, 9], [0, 0, 10, 10], [20, 0, 30, 5.5], [50, 50, 60, 60]], [0.9, 0.8, 0.7, 0.95])
    matched = metrics.match_boxes(found, true)
    assert matched.truth.tolist() == [0, -1, 1, -1]
    assert matched.best().tolist() == [0.9, 0.7]


def test_images_are_apart():
    one = trails([[0, 0, 10, 10]], [5.0], ["a"])
    assert metrics.match_boxes(trails([[0, 0, 10, 10]], [0.9], ["b"]), one).truth.tolist() == [-1]


def test_the_curve_by_hand():
    """Detections: hit, false, hit; the third trail is missed."""
    matched = metrics.Matched(np.array([0.9, 0.8, 0.7]), np.array([0, -1, 2]), np.array([9.0, 2.0, 4.0]))
    curve = metrics.detection_curve(matched)
    assert curve.completeness == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.average_precision() == pytest.approx(1 / 3 + 2 / 9)
    assert curve.at_precision(0.6) == pytest.approx((2 / 3, 0.7))
    assert curve.at_precision(1.0) == pytest.approx((1 / 3, 0.9))
    faint = metrics.detection_curve(matched, 3, 5)
    assert faint.completeness == pytest.approx([0, 1])
    assert faint.precision == pytest.approx([0, 1 / 2])


def test_completeness_by_snr_by_hand():
    matched = metrics.Matched(np.array([0.9, 0.7]), np.array([0, 2]), np.array([9.0, 2.0, 4.0]))
    bins = metrics.completeness_by_snr(matched, 0.8, np.array([0, 3, 5, 10]))
    assert (bins.hits.tolist(), bins.n.tolist()) == ([0, 0, 1], [1, 1, 1])


def test_nothing_found_and_nothing_there():
    nothing = trails([], [])
    curve = metrics.detection_curve(metrics.match_curves(nothing, trails([[0, 0, 9, 9]], [5.0])))
    assert curve.at_precision(0.9) == (0.0, np.inf)
    assert curve.average_precision() == 0
    assert metrics.match_boxes(trails([[0, 0, 9, 9]], [0.5]), nothing).truth.tolist() == [-1]


def test_what_is_no_trail():
    with pytest.raises(ValueError, match="Put its smaller corner first"):
        metrics.iou(np.array([[5, 5, 0, 0]]), np.array([[0, 0, 1, 1]]))
    with pytest.raises(ValueError, match="line holds NaN"):
        metrics.line_distance(np.array([[0, 0, np.nan, 1]]), np.array([[0, 0, 1, 1]]))
    with pytest.raises(ValueError, match="NaN as their score"):
        metrics.match_boxes(trails([[0, 0, 1, 1]], [np.nan]), trails([[0, 0, 1, 1]], [5.0]))
    with pytest.raises(ValueError, match="Lengths differ: 1 images"):
        metrics.Trails(np.zeros(1), np.zeros((1, 4)), np.zeros(2))
