"""Trails on real sky: a satellite streak. Skipped without the data.

Uses the classical detector, which needs no training. Detections where nothing should be count against it.
"""

import numpy as np
import pytest
from astropy.io import fits

from ml.trails.radon_baseline import ClassicalDetector

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("shared_data")]


def test_a_satellites_streak_and_nothing_else(shared_data):
    """One streak, from (22, 338) to (339, 310) within 9 pixels, and no second trail among a hundred stars."""
    image = fits.getdata(shared_data / "trails" / "satellite-streak.fits")
    found = [trail for trail in ClassicalDetector().trails(image) if trail.score > 0.4]
    assert len(found) == 1
    ends = np.sort(found[0].line.reshape(2, 2), axis=0)
    assert ends == pytest.approx(np.array([[22, 310], [339, 338]]), abs=9)
