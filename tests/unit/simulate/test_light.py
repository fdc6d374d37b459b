import numpy as np
import pytest

from ml.simulate.rendering.light import gaussian, point_source, spray, trail


def centroid(image):
    y, x = np.indices(image.shape)
    return (image * x).sum() / image.sum(), (image * y).sum() / image.sum()


def test_a_gaussian_holds_its_flux_and_its_place():
    image = gaussian(np.array([20.3]), np.array([17.8]), np.array([1.5]), 40)[0]
    assert image.sum() == pytest.approx(1, abs=1e-4)
    assert centroid(image) == pytest.approx((20.3, 17.8), abs=1e-3)
    assert image.dtype == np.float32


def test_a_gaussian_is_integrated_over_its_pixels():
    """An undersampled source keeps its flux, which the value at the centre of the pixel would not."""
    assert gaussian(np.array([5.0]), np.array([5.0]), np.array([0.2]), 11).sum() == pytest.approx(1, abs=1e-5)


def test_a_trail_is_what_many_moving_points_add_up_to():
    size, length, angle, fwhm = 60, 18.0, 0.7, 2.4
    steps = (np.arange(400) + 0.5) / 400 - 0.5
    x, y = 30 + steps * length * np.cos(angle), 29 + steps * length * np.sin(angle)
    points = gaussian(x, y, np.full(400, fwhm / 2.354820045), size).mean(axis=0)
    line = trail(np.array([30.0]), np.array([29.0]), np.array([length]), np.array([angle]), np.array([fwhm]), size)[0]
    # The points are integrated over pixels and the trail is sampled, which broadens the points by 1/12 of a pixel².
    assert line.sum() == pytest.approx(points.sum(), rel=1e-3)
    assert np.abs(line - points).max() < 0.05 * points.max()


def test_a_star_has_wings():
    star = point_source(np.array([20.0]), np.array([20.0]), np.array([2.5]), 41)[0]
    core = gaussian(np.array([20.0]), np.array([20.0]), np.array([2.5 / 2.354820045]), 41)[0]
    assert star.sum() == pytest.approx(1, abs=1e-4)
    assert star[20, 25] > 10 * core[20, 25]


def test_charge_outside_the_stamp_is_lost():
    image = spray(np.array([[0.2, -3.0, 4.4]]), np.array([[0.0, 1.0, 9.0]]), np.array([[2.0, 5.0, 7.0]]), 5)
    assert image[0, 0, 0] == 2
    assert image.sum() == 2
