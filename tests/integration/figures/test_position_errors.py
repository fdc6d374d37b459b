"""The motion page with positions whose errors differ by direction."""

import csv

import numpy as np
import pytest

from tests.integration.figures.movers import tracklet
from webapp.archive.models import Frame

pytestmark = pytest.mark.django_db
HOURS = 0.25 * 5**0.5
"""Root of the sum of squares of the hours from the mean time: -.375, -.125, .125 and .375."""


def page(scientist, row, **query):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/", query)


@pytest.mark.parametrize("corr", [-0.8, 0.8])
def test_a_correlation_widens_the_rate_where_the_ellipse_lies_along_the_motion(night, scientist, corr):
    row = tracklet(night, angle=45.0)  # northeast
    Frame.objects.filter(subject=row).update(rms_ra=0.3, rms_dec=0.3, rms_corr=corr)
    fit = page(scientist, row).context["fit"]
    assert fit["rate_error"] == pytest.approx(0.3 * (1 + corr) ** 0.5 / HOURS, rel=1e-3)
    assert fit["pa_error"] == pytest.approx(57.2958 * 0.3 * (1 - corr) ** 0.5 / HOURS / fit["rate"], rel=1e-3)


@pytest.mark.parametrize(
    ("angle", "errors", "along", "left"),
    [
        (90.0, {"rms_ra": 0.6, "rms_dec": 0.2}, 0.6, 0.2),  # eastward
        (0.0, {"rms_ra": 0.6, "rms_dec": 0.2}, 0.2, 0.6),
        (225.0, {"rms_ra": 0.6, "rms_dec": 0.2}, 0.2**0.5, 0.2**0.5),
        (45.0, {"rms_ra": 0.5, "rms_dec": 0.5, "rms_corr": 0.6}, 0.5 * 1.6**0.5, 0.5 * 0.4**0.5),
        (135.0, {"rms_ra": 0.5, "rms_dec": 0.5, "rms_corr": 0.6}, 0.5 * 0.4**0.5, 0.5 * 1.6**0.5),
        (70.0, {}, np.hypot(0.1, 1 / 2.355 / 20), np.hypot(0.1, 1 / 2.355 / 20)),  # by S/N: the same in all directions
    ],
)
def test_residuals_have_the_errors_of_their_own_directions(night, scientist, angle, errors, along, left):
    row = tracklet(night, angle=angle)
    Frame.objects.filter(subject=row).update(**errors)
    answer = page(scientist, row, seeing=1, floor=0.1)
    shown = [(each.error_along, each.error_left) for each, _ in answer.context["detections"]]
    assert np.array(shown) == pytest.approx(np.tile([along, left], (4, 1)), rel=1e-3)
    text = answer.content.decode()
    assert f'<td class="n">{along:.2f}</td>' in text
    assert f'<td class="n">{left:.2f}</td>' in text
    plot = answer.context["plot"]
    assert (plot["error_along"], plot["error_left"]) == tuple(map(list, zip(*shown, strict=True)))
    address = f"/surveys/night/subjects/{row.pk}/motion.csv?seeing=1&floor=0.1"
    rows = list(csv.DictReader(scientist.get(address).getvalue().decode().splitlines()))
    told = [(float(each["error_along_arcsec"]), float(each["error_left_arcsec"])) for each in rows]
    assert np.array(told) == pytest.approx(np.array(shown))
    assert float(rows[0]["error_arcsec"]) == pytest.approx(np.hypot(along, left) / 2**0.5, rel=1e-3)


def test_on_the_sky_whiskers_are_the_errors_toward_east_and_north(night, scientist):
    row = tracklet(night, angle=45.0)
    Frame.objects.filter(subject=row).update(rms_ra=0.6, rms_dec=0.2)
    Frame.objects.filter(subject=row, position=3).update(rms_ra=0.1, rms_dec=0.4)
    plot = page(scientist, row).context["plot"]
    assert plot["error_east"] == pytest.approx([0.6, 0.6, 0.6, 0.1], rel=1e-4)
    assert plot["error_north"] == pytest.approx([0.2, 0.2, 0.2, 0.4], rel=1e-4)


def test_without_a_motion_no_direction_has_an_error(night, scientist):
    row = tracklet(night)
    Frame.objects.filter(subject=row).update(mjd_mid=61000.2, rms_ra=0.6, rms_dec=0.2)
    shown = page(scientist, row).context["detections"]
    assert [(each.error_along, each.error_left) for each, _ in shown] == [(None, None)] * 4
    assert shown[0][0].error == pytest.approx(0.2**0.5)
