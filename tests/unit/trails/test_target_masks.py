"""The network's targets in every cell, against the geometry of lines."""

import numpy as np
import pytest

from ml.data.dataset import BadExamples
from ml.trails.annotation import CLASSES, Annotation, read_annotations
from ml.trails.maps import cells_of
from ml.trails.target_masks import nearest, paint_targets
from tests.unit.trails.skies import line, trail, true_maps


@pytest.mark.parametrize("degrees", [0, 25, 90, 135, 179])
def test_direction_and_distance_of_a_line(degrees):
    angle = np.radians(degrees)
    along = np.array([np.cos(angle), np.sin(angle)])
    curve = np.array([100, 100]) + np.outer([-60, 60], along)
    beside = np.array([[100.0, 100.0]]) + 3 * np.array([-along[1], along[0]])
    distance, cos, sin, left = nearest(beside, curve)
    assert distance[0] == pytest.approx(3)
    assert abs(cos[0] * along[0] + sin[0] * along[1]) == pytest.approx(1)
    ridge = beside[0] + left[0] * np.array([-sin[0], cos[0]])
    assert ridge == pytest.approx([100, 100])


def test_every_cell_of_a_line_knows_where_its_ridge_is():
    curve = line(20, 30, 200, 110)
    cells = cells_of(true_maps([trail(curve)], (256, 256)), 0.5)
    assert len(cells) > 60
    assert nearest(cells.point, curve)[0].max() < 0.01 + 2.5 * np.sin(0.5)  # beyond the ends along the line only


def test_an_asteroid_lies_on_top_of_a_satellite():
    satellite = Annotation("SATELLITE", line(0, 64, 127, 64), width=20)
    target = paint_targets([trail(line(64, 10, 64, 110)), satellite], (128, 128))
    assert target.label[16, 16] == 1 + CLASSES.index("ASTEROID")
    assert target.label[16, 4] == 1 + CLASSES.index("SATELLITE")
    assert target.label[2, 2] == 0


def test_both_pairs_of_a_stars_spikes_are_known():
    told = [{"class": "SPIKE", "ends": [[50, 50], [90, 90]], "reach": 28.3}]
    first, second = read_annotations(told, "h-1")
    assert second.curve == pytest.approx(np.array([[90, 50], [50, 90]]))
    assert first.label == second.label == "SPIKE"


@pytest.mark.parametrize(
    "text", ["{", "[3]", '[{"class": "UFO", "ends": [[0, 0], [1, 1]]}]', '[{"class": "ARC", "ends": [[0, 0]]}]']
)
def test_objects_that_are_none_are_refused(text):
    with pytest.raises(BadExamples, match="#objects of h-1"):
        read_annotations(text, "h-1")
