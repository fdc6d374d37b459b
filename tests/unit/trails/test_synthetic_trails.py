"""Synthetic trails are where their annotations say, and an arc is no trail."""

import numpy as np
import pytest

from ml.trails.annotation import TRAIL
from ml.trails.synthetic_trails import add_arc, add_line, random_curve
from ml.trails.target_masks import nearest


def brightest(pixels):
    rows, columns = np.nonzero(pixels >= 0.5 * pixels.max())
    return np.stack([columns, rows], axis=1).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_the_light_lies_on_the_curve(seed):
    rng = np.random.default_rng(seed)
    for kind in (TRAIL, "ARC"):
        pixels = np.zeros((256, 256), np.float32)
        annotation = add_line(pixels, random_curve(rng, 256), rng) if kind == TRAIL else add_arc(pixels, rng)
        assert annotation.label == kind
        assert 1.2 < pixels.max() < 36
        assert nearest(brightest(pixels), annotation.curve)[0].max() < 5


def test_an_arc_fades_and_is_bent_to_one_side():
    pixels = np.zeros((256, 256), np.float32)
    arc = add_arc(pixels, np.random.default_rng(8))
    chord = arc.curve[-1] - arc.curve[0]
    away = arc.curve[1:-1] - arc.curve[0]
    aside = away[:, 0] * chord[1] - away[:, 1] * chord[0]
    assert (aside > 0).all() or (aside < 0).all()
    ends, middle = (np.rint(arc.curve[n]).astype(int) for n in ([0, -1], range(8, 25)))
    assert pixels[ends[:, 1], ends[:, 0]].max() < 0.5 * pixels[middle[:, 1], middle[:, 0]].max()
