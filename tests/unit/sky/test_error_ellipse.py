"""The error ellipse of a predicted place is what the search for known objects calls 1σ, everywhere on the sky."""

import numpy as np
import pytest

from ml.sky.apparent import Apparent
from ml.sky.error_ellipse import measurement_noise, outline, semi_axes, tangent_direction
from ml.sky.known_objects import residuals
from ml.sky.tangent_plane import ARCSEC, east_north, unit_vectors

PLACES = [(0.0, 5.0), (359.9999, -40.0), (123.0, 89.9999), (301.0, -89.9999), (0.0, 90.0)]


def test_the_orbit_widens_the_ellipse_along_the_motion_only():
    noise = measurement_noise(np.array([np.nan, 0.0, 2.0]))
    assert noise == pytest.approx([np.hypot(0.5, 0.1), 0.1, np.hypot(2, 0.1)])
    along, across = semi_axes(np.array([3.0, 0.0, np.nan]), noise)
    assert along[:2] == pytest.approx([np.hypot(3, noise[0]), noise[1]])
    assert np.isnan(along[2])
    assert across == pytest.approx(noise)


@pytest.mark.parametrize(("ra", "dec"), PLACES)
@pytest.mark.parametrize("angle", [0.0, 65.0, 250.0])
def test_every_corner_is_one_sigma_from_the_predicted_place(ra, dec, angle):
    predicted = unit_vectors(np.array([ra]), np.array([dec]))
    motion = np.array([[np.sin(np.radians(angle)), np.cos(np.radians(angle))]]) * 60
    corners = outline(np.zeros(2), motion[0] / 60, 30.0, 0.5)
    seen = Apparent(
        **{name: np.zeros(1) for name in Apparent.__dataclass_fields__} | {"direction": predicted, "motion": motion}
    )
    detections = predicted + corners / ARCSEC @ np.stack(east_north(predicted[0]))
    along, across = (
        np.concatenate(each) for each in zip(*(residuals(place[None], seen) for place in detections), strict=True)
    )
    assert np.hypot(along / 30, across / 0.5) == pytest.approx(np.ones(len(corners)), abs=1e-6)


@pytest.mark.parametrize(("ra", "dec"), [(0.001, 5.0), (10.0, 89.999), (200.0, -89.999)])
def test_a_position_angle_is_turned_to_the_north_of_the_centre(ra, dec):
    center = unit_vectors(np.array(ra - 40 * (abs(dec) > 80) - 0.002), np.array(dec))
    place = unit_vectors(np.array(ra), np.array(dec))
    east, north = east_north(place)
    step = np.sin(np.radians(25)) * east + np.cos(np.radians(25)) * north
    moved = np.stack(east_north(center)) @ (place + 1e-6 * step) - np.stack(east_north(center)) @ place
    assert tangent_direction(center, place, 25.0) == pytest.approx(moved / np.hypot(*moved), abs=1e-6)
    turned = np.degrees(np.arctan2(*tangent_direction(center, place, 25.0))) - 25
    assert abs(turned) == pytest.approx(40 if abs(dec) > 80 else 0, abs=0.01)
