"""Movers injected into a real target pixel file. Skipped without ../shared/data."""

import numpy as np
import pytest

from ml.simulate.injection.cubes import inject_cube, inject_into, read_cube
from ml.simulate.summary import summary
from ml.simulate.tess.movers import draw_movers

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("shared_data")]
FIVE_CADENCES = "tess/tess25155310-s01-first-cadences.fits.gz"


def test_a_real_target_pixel_file_takes_movers(shared_data, tmp_path):
    real = read_cube(shared_data / FIVE_CADENCES)
    assert real.flux.shape == (5, 11, 11)
    assert real.cadence == pytest.approx(120, rel=0.01)
    crossing = draw_movers(np.random.default_rng(3), 3, real.flux.shape, real.cadence, 16.0)
    made = inject_cube(real.flux, crossing)
    known = np.isfinite(real.flux)
    np.testing.assert_array_equal(np.isfinite(made.flux), known)
    added = (made.flux - real.flux)[known]
    assert (added > -1e-2).all()
    assert added[made.mask[known] > 0].mean() > 5 * max(added[made.mask[known] == 0].mean(), 0.1)
    manifest = inject_into(shared_data / FIVE_CADENCES, 4, 1, tmp_path)
    assert summary(manifest)["MOVER"]["n"] > 4
