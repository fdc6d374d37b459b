"""From maps to trails: ends, curves, crossings and gaps."""

import numpy as np
import pytest

from ml.imaging.background import in_noise
from ml.imaging.polyline import length_of, sagitta
from ml.trails.annotation import CLASSES, Annotation
from ml.trails.candidate import trail_candidates
from tests.unit.trails.skies import apart, arc_of, line, noisy, trail, true_maps


def found(annotations, shape=(256, 256), image=None):
    image = np.zeros(shape, dtype=np.float32) if image is None else image
    return trail_candidates(true_maps(annotations, shape), image)


def ends_apart(curve, true):
    return min(np.abs(curve[[0, -1]] - ends).max() for ends in (true[[0, -1]], true[[-1, 0]]))


@pytest.mark.parametrize("ends", [(20, 30, 200, 110), (50, 20, 50, 230), (220, 40, 60, 200), (100, 100, 118, 100)])
def test_a_line_is_found_within_two_pixels(ends):
    (one,) = found([trail(line(*ends))])
    assert ends_apart(one.curve, line(*ends)) < 2.6
    assert apart(one.curve[1:-1], line(*ends)) < 1.0


def test_a_curve_is_found_within_a_pixel():
    true = arc_of((40, 128), 90.0, 1.6, start=-0.8)
    (one,) = found([trail(true)])
    assert apart(one.curve[2:-2], true) < 1.0
    assert sagitta(one.curve) == pytest.approx(90 * (1 - np.cos(0.8)), rel=0.1)
    assert length_of(one.curve) == pytest.approx(90 * 1.6, rel=0.06)


def test_lines_that_cross_stay_two():
    pair = [line(20, 128, 236, 128), line(128, 20, 128, 236)]
    both = found([trail(curve) for curve in pair])
    assert len(both) == 2
    for curve in pair:
        assert min(ends_apart(one.curve, curve) for one in both) < 3


def test_a_trail_over_the_gap_between_chips_stays_one():
    curve = line(30, 20, 230, 230)
    maps = true_maps([trail(curve)], (256, 256))
    maps.probabilities[0, 28:38], maps.probabilities[1:, 28:38] = 1, 0
    (one,) = trail_candidates(maps, np.zeros((256, 256), dtype=np.float32))
    assert ends_apart(one.curve, curve) < 3


def test_two_trails_side_by_side_stay_two():
    assert len(found([trail(line(20, 100, 200, 100)), trail(line(20, 130, 200, 130))])) == 2


def test_another_class_is_not_joined():
    ray = Annotation("COSMIC_RAY", line(130, 100, 160, 100))
    assert len(found([trail(line(20, 100, 110, 100)), ray])) == 2


def test_snr_and_width_are_measured_on_the_image():
    curve = line(30, 40, 220, 180)
    image = in_noise(noisy((256, 256), curve, snr=10.0, sigma=2.0))
    (one,) = found([trail(curve)], image=image)
    assert one.snr == pytest.approx(10, rel=0.15)
    assert one.width == pytest.approx(2.355 * 2.0, abs=1.1)
    assert one.probabilities.argmax() == 1 + CLASSES.index("ASTEROID")


def test_an_empty_image_has_no_trail():
    assert found([]) == []
