"""Properties of every stretch, for any image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.imaging.display import STRETCHES, zscale_limits
from ml.imaging.noise_normalisation import asinh_noise, linear_noise, sky

pictures = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=12),
    elements=st.floats(-1e6, 1e6, width=32) | st.just(float("nan")) | st.just(float("inf")),
)
by_name = pytest.mark.parametrize("stretch", STRETCHES.values(), ids=STRETCHES)
for_models = pytest.mark.parametrize("stretch", [linear_noise, asinh_noise])


def gaussian(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


@by_name
@given(pixels=pictures)
def test_eyes_get_0_to_1_and_nan_exactly_where_there_is_no_measurement(stretch, pixels):
    before = pixels.copy()
    out = stretch(pixels)
    assert (out.shape, out.dtype) == (pixels.shape, np.float32)
    np.testing.assert_array_equal(np.isnan(out), ~np.isfinite(pixels))
    seen = out[~np.isnan(out)]
    assert ((seen >= 0) & (seen <= 1)).all()
    np.testing.assert_array_equal(pixels, before)


@by_name
@given(pixels=pictures)
def test_eyes_never_see_brighter_as_darker(stretch, pixels):
    image = np.where(np.isfinite(pixels), pixels, 0)[..., :, :]
    image = image.reshape(-1, *image.shape[-2:])[0]
    order = np.argsort(image, axis=None)
    assert (np.diff(stretch(image).ravel()[order]) >= -1e-6).all()


@for_models
@given(pixels=pictures)
def test_models_get_float32_and_nan_exactly_where_there_is_no_measurement(stretch, pixels):
    out = stretch(pixels)
    assert (out.shape, out.dtype) == (pixels.shape, np.float32)
    np.testing.assert_array_equal(np.isnan(out), ~np.isfinite(pixels))


@for_models
@given(gain=st.floats(0.01, 100), offset=st.floats(-1000, 1000), seed=st.integers(0, 9))
def test_models_see_the_same_on_every_night(stretch, gain, offset, seed):
    pixels = np.random.default_rng(seed).normal(0, 1, (2, 20, 20)).astype(np.float32)
    there = (pixels.astype(np.float64) * gain + offset).astype(np.float32)
    tolerance = 1e-3 + 1e-5 * abs(offset) / gain
    np.testing.assert_allclose(stretch(there), stretch(pixels), atol=tolerance)


@pytest.mark.parametrize("shape", [(100, 100), (3, 63, 63), (4, 1, 300, 200), (20, 20)])
def test_sky_of_known_noise(shape):
    level, sigma = sky(gaussian(*shape))
    assert level.shape == sigma.shape == shape[:-2]
    np.testing.assert_allclose(level, 100, atol=3)
    np.testing.assert_allclose(sigma, 10, rtol=0.2)


def test_stars_and_nan_do_not_move_the_sky():
    pixels = gaussian(100, 100)
    clean_level, clean_sigma = sky(pixels)
    pixels[40:50, 40:50] = 60_000
    pixels[:, :10] = np.nan
    level, sigma = sky(pixels)
    assert abs(level - clean_level) < 1
    assert abs(sigma - clean_sigma) < 1


def test_sky_agrees_with_the_textbook_where_nothing_is_sampled():
    pixels = gaussian(31, 31)
    pixels[3, 4] = np.nan
    level, sigma = sky(pixels)
    assert level == pytest.approx(np.nanmedian(pixels))
    assert sigma == pytest.approx(1.4826 * np.nanmedian(np.abs(pixels - np.nanmedian(pixels))), rel=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float64", ">f4"])
def test_integers_and_foreign_byte_orders(dtype):
    pixels = gaussian(20, 20).astype(dtype)
    np.testing.assert_allclose(linear_noise(pixels), linear_noise(pixels.astype(np.float32)))
    assert np.isfinite(sky(pixels)[1])


def test_flat_and_empty_pictures_have_a_noise_that_divides():
    assert sky(np.full((9, 9), 7.0))[1] == 1
    mostly = np.zeros((10, 10))
    mostly[0, :5] = 10
    assert sky(mostly)[1] == pytest.approx(mostly.std(), rel=1e-6)
    assert np.isnan(sky(np.full((9, 9), np.nan))).all()


def test_asinh_noise_is_sigma_near_the_sky_and_logarithmic_far_above_it():
    pixels = gaussian(31, 31)
    pixels[15, 15] = 100 + 1e5
    level, sigma = sky(pixels)
    expected = 2.0 * np.arcsinh((pixels.astype(np.float64) - level) / sigma / 2.0)
    np.testing.assert_allclose(asinh_noise(pixels, softening=2.0), expected, rtol=1e-4, atol=1e-5)


def test_linear_noise_clips_where_asked():
    assert np.abs(linear_noise(gaussian(31, 31), limit=1.5)).max() == 1.5


def test_zscale_puts_the_sky_within_its_limits():
    pixels = gaussian(100, 100)
    pixels[50, 50] = 1e6
    low, high = zscale_limits(pixels)
    assert 50 < low < 90
    assert 110 < high < 150


def test_parameters_out_of_range_are_refused():
    with pytest.raises(ValueError, match="softening must be positive"):
        asinh_noise(gaussian(5, 5), softening=0)
    with pytest.raises(ValueError, match="contrast must be above 0"):
        zscale_limits(gaussian(5, 5), contrast=0)
