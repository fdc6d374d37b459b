"""Images in units of their noise."""

import numpy as np
import pytest

from ml.imaging.background import NoPixels, in_noise, measured, stretched
from tests.unit.trails.skies import noisy


def test_a_gradient_and_changing_noise_are_taken_off():
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 60, 512)
    noise = np.linspace(5, 15, 512)
    image = 1000 + slope[:, None] + noise[None] * rng.normal(size=(512, 512))
    units = in_noise(image)
    for part in (units[64:192, 64:192], units[-192:-64, -192:-64], units[64:192, -192:-64]):
        assert part.mean() == pytest.approx(0, abs=0.15)
        assert part.std() == pytest.approx(1, abs=0.08)


def test_nan_stays_nan_and_is_sky_to_the_network():
    image = noisy((128, 128))
    image[30:60] = np.nan
    units = in_noise(image)
    assert np.isnan(units[30:60]).all()
    assert np.isfinite(units[61:]).all()
    assert (stretched(units)[30:60] == 0).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", ">i2", "float64"])
def test_every_number_type(dtype):
    units = in_noise(noisy((70, 90), level=100, noise=10).astype(dtype))
    assert units.shape == (70, 90)
    assert units.std() == pytest.approx(1, abs=0.1)


def test_an_image_without_noise_is_all_sky():
    assert (in_noise(np.full((64, 64), 7.0)) == 0).all()


@pytest.mark.parametrize(("columns", "enough"), [(0, False), (6, False), (9, True), (128, True)])
def test_noise_is_told_where_an_eighth_of_some_part_is_measured(columns, enough):
    image = noisy((128, 128))
    image[:, columns:] = np.nan
    assert measured(image) == enough
    if enough:
        assert np.isfinite(in_noise(image)).sum() == 128 * columns
    else:
        with pytest.raises(NoPixels, match="of about 64 × 64 pixels, is measured to an eighth"):
            in_noise(image)
