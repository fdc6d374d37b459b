"""The second input channel keeps slow movers, which the median over time subtracts."""

import numpy as np
import pytest

from ml.cubes.background_subtraction import difference
from ml.cubes.input_channels import channels_and_mask, half_precision
from tests.unit.cubes.test_input import still

PLACE = np.mgrid[:20, :20]


def spot(x, y, light):
    """Return one frame with a point source, as wide as TESS's PSF."""
    return light * np.exp(-((PLACE[1] - x) ** 2 + (PLACE[0] - y) ** 2) / 2)


def test_the_first_view_is_the_difference_and_the_second_is_in_units_of_the_noise():
    channels, measured = channels_and_mask(still())
    change, known = difference(still())
    np.testing.assert_array_equal(channels[0], change)
    np.testing.assert_array_equal(measured, known)
    assert channels.shape == (2, 40, 12, 14)
    assert channels[1].std() == pytest.approx(1, abs=0.15)
    assert abs(np.median(channels[1])) < 0.2


def test_a_mover_that_hardly_moves_shows_in_the_second_view():
    random = np.random.default_rng(0)
    x = np.linspace(9, 11, 40)
    flux = 100 + 0.3 * random.standard_normal((40, 20, 20)) + [spot(place, 10, 30.0) for place in x]
    channels, _ = channels_and_mask(flux)
    at = np.arange(40), np.full(40, 10), np.round(x).astype(int)
    assert np.median(channels[1][at]) > 10
    assert np.median(channels[1][at]) > 10 * np.median(channels[0][at])


def test_glare_is_not_in_the_second_view():
    flux = 100 + 0.3 * np.random.default_rng(0).standard_normal((40, 20, 20))
    glare = np.linspace(0, 200, 40)[:, None, None]
    with_it, without = channels_and_mask(flux + glare)[0][1], channels_and_mask(flux)[0][1]
    assert (with_it - without).std() < 0.25 * without.std()


def test_what_was_not_measured_is_empty_in_every_view():
    flux = still()
    flux[3, 2], flux[:, 0, 0], flux[7] = np.nan, np.inf, np.nan
    channels, measured = channels_and_mask(flux)
    assert np.isfinite(channels).all()
    assert (channels[:, ~measured] == 0).all()
    assert channels[1][measured].std() == pytest.approx(1, abs=0.2)
    assert (channels_and_mask(np.full((5, 4, 4), 7.0))[0] == 0).all()
    assert (channels_and_mask(np.full((5, 4, 4), np.nan))[0] == 0).all()


def test_half_of_the_bytes_hold_any_flux():
    short = half_precision(np.array([[1e9, -1e9, 1.0]], np.float32))
    assert short.dtype == np.float16
    assert short.tolist() == [[60000.0, -60000.0, 1.0]]
