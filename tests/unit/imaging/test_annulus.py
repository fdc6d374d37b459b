"""Annulus photometry: the light in rings, in any unit and with gaps."""

import numpy as np
import pytest

from ml.imaging.annulus import EDGES, annulus_photometry, to_width, width

SIDE = 41


@pytest.fixture
def sky():
    return np.random.default_rng(0).normal(100, 5, (2, 3, SIDE, SIDE))


def told(stamps):
    """Return (n, C, statistic, ring)."""
    return annulus_photometry(stamps).reshape(len(stamps), -1, 3, len(EDGES) - 1)


def test_empty_sky_is_nothing_in_every_ring(sky):
    found = told(sky)
    assert annulus_photometry(sky).shape == (2, width(3))
    assert np.abs(np.sinh(found[:, :, 0, 2:])).max() < 1
    assert (found[:, :, 1] <= found[:, :, 0]).all()
    assert (found[:, :, 0] <= found[:, :, 2]).all()


def test_a_source_in_the_middle_is_in_the_inner_rings_of_its_channel(sky):
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    sky[0, 1] += 500 * np.exp(-(x**2 + y**2) / 4)
    inner = np.sinh(told(sky)[:, :, 0, 0])
    assert inner[0, 1] == pytest.approx(100 * np.exp(-np.array([0, 1, 1, 1, 1]) / 4).mean(), rel=0.1)
    assert np.abs(np.delete(inner.ravel(), 1)).max() < 3


def test_units_and_turns_do_not_matter(sky):
    assert np.allclose(annulus_photometry(sky), annulus_photometry(7 * sky - 3), atol=1e-3)
    assert np.allclose(annulus_photometry(sky), annulus_photometry(np.rot90(sky, axes=(-2, -1))), atol=1e-5)


def test_gaps_sentinels_and_small_stamps_are_finite(sky):
    sky[0, 0] = np.nan
    sky[0, 1, 18:24, 18:24] = np.nan
    sky[1, 2, :4] = 3.4e38
    found = told(sky.astype(np.float32))
    assert np.isfinite(found).all()
    assert (found[0, 0] == 0).all()
    assert (found[0, 1, :, 0] == 0).all()
    assert np.abs(found).max() < 20
    small = told(sky[1:, :2, 15:26, 15:26])
    assert (small[..., -1] == 0).all()
    assert np.isfinite(small).all()


def test_photometry_of_fewer_channels_is_that_of_empty_sky_in_the_others(sky):
    three = annulus_photometry(sky)
    assert np.array_equal(to_width(three, width(1)), annulus_photometry(sky[:, :1]))
    padded = to_width(annulus_photometry(sky[:, :1]), width(3))
    assert np.array_equal(padded, np.where(np.arange(width(3)) < width(1), three, 0))
    assert to_width(three, width(3)) is three


def test_widths_that_no_channel_explains_are_refused(sky):
    with pytest.raises(ValueError, match="63 numbers each instead of 64"):
        to_width(annulus_photometry(sky), 64)
