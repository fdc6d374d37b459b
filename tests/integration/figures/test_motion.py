"""The motion page: fit, residuals, known objects, models and volunteers of one tracklet."""

import csv

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from django.conf import settings
from django.utils import timezone

from ml.storage.pixel_store import PixelStore
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.archive.models import Frame, Survey
from webapp.figures.track import Track
from webapp.figures.trailing import measure_trails
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db


def page(scientist, row, **query):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/", query)


def test_a_steady_mover_has_its_rate_and_angle_with_errors(night, scientist):
    answer = page(scientist, tracklet(night, dec=-45.0))
    fit = answer.context["fit"]
    assert fit["rate"] == pytest.approx(60, abs=1e-3)
    assert fit["pa"] == pytest.approx(40, abs=0.05)
    error = (0.1**2 + (1.86 * 2.5 / 2.355 / 20) ** 2) ** 0.5  # arcsec, in each coordinate
    assert fit["rate_error"] == pytest.approx(error / (0.25 * 5**0.5), rel=0.01)  # hours: -.375, -.125, .125, .375
    assert fit["chance"] == pytest.approx(1, abs=1e-3)
    assert [each.trail for each, _ in answer.context["detections"]] == pytest.approx([0.5] * 4, rel=1e-3)
    assert "60.00 ± 0." in answer.content.decode()


def test_one_place_off_the_track_shows_in_its_residuals_and_in_the_csv(night, scientist):
    row = tracklet(night, left=2.0)
    answer = page(scientist, row, seeing=1, floor=0.1)
    assert answer.context["fit"]["chi2_dof"] > 10
    assert answer.context["fit"]["chance"] < 1e-6
    url = f"/surveys/night/subjects/{row.pk}/motion.csv?seeing=1&floor=0.1"
    rows = list(csv.DictReader(scientist.get(url).getvalue().decode().splitlines()))
    left = [float(each["left_arcsec"]) for each in rows]
    assert left == pytest.approx([0.2, -0.4, 0.2 - 0.4 - 0.4, 0.6], abs=0.4)
    assert sum(left) == pytest.approx(0, abs=1e-3)
    assert max(left) == left[3]
    plot = answer.context["plot"]
    assert plot["left"] == pytest.approx(left, abs=1e-4)
    assert max(map(abs, plot["along"])) < 0.05


def test_a_reader_may_say_how_good_positions_are(night, scientist):
    row = tracklet(night)
    wide, narrow = (page(scientist, row, seeing=seeing).context["fit"]["rate_error"] for seeing in (8, 1))
    assert wide > 1.8 * narrow
    assert page(scientist, row, seeing="wide").status_code == 400
    Survey.objects.update(seeing=8, position_floor=0.1)
    assert page(scientist, row).context["fit"]["rate_error"] == pytest.approx(wide)
    assert page(scientist, row, seeing="-1").context["fit"]["rate"] == pytest.approx(60, abs=1e-3)


def test_without_a_seeing_the_page_says_that_it_is_assumed(night, scientist):
    row = tracklet(night)
    assumed = "The survey gives no seeing"
    assert assumed in page(scientist, row).content.decode()
    Survey.objects.update(seeing=1.5, position_floor=0.05)
    answer = page(scientist, row)
    assert assumed not in answer.content.decode()
    assert answer.context["detections"][0][0].error == pytest.approx(np.hypot(0.05, 1.5 / 2.355 / 20))


def test_a_detections_own_error_counts_before_the_surveys(night, scientist):
    row = tracklet(night)
    frames = Frame.objects.filter(subject=row)
    frames.update(rms_ra=0.3, rms_dec=0.3)
    even = page(scientist, row)
    assert [each.error for each, _ in even.context["detections"]] == pytest.approx([0.3] * 4)
    assert even.context["fit"]["rate_error"] == pytest.approx(0.3 / (0.25 * 5**0.5), rel=1e-3)
    frames.filter(position=0).update(rms_ra=None, rms_dec=None)
    mixed = page(scientist, row, seeing=1, floor=0.1).context["detections"]
    assert [each.error for each, _ in mixed] == pytest.approx([np.hypot(0.1, 1 / 2.355 / 20), 0.3, 0.3, 0.3])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mjd_mid": 61000.2}, "All detections have one time"),
        ({"ra": None}, "No detection has both a time and a position"),
    ],
)
def test_without_a_motion_the_page_says_why(night, scientist, change, sentence):
    row = tracklet(night)
    Frame.objects.filter(subject=row).update(**change)
    answer = page(scientist, row)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert "plot" not in answer.context


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"dec": 8.0}, ["Frames 1 and 2 lie 3.0° apart, 288° a day: too fast for one object."]),
        (
            {"ra": 179.999, "dec": -5.0},
            ["too fast for one object", "90° or more from the middle of all"],
        ),
        ({"dec": 5.1}, ["The detections do not move uniformly"]),
    ],
)
def test_what_cannot_be_one_mover_is_said(night, scientist, change, sentences):
    row = tracklet(night)
    assert page(scientist, row).context["doubts"] == []
    Frame.objects.filter(subject=row, position=1).update(**change)
    answer = page(scientist, row)
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert [sentence for sentence in sentences if sentence not in shown] == []
    assert "All detections have one time" not in shown


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({}, ["Frame", "Along, ″", "Trail, ″", "Download as CSV"]),
        ({"exptime": None}, ["Frame", "Along, ″", "Download as CSV"]),
        ({"mjd_mid": 61000.2}, ["Frame", "Download as CSV"]),
        ({"ra": None}, []),
    ],
)
def test_the_table_of_detections_has_no_empty_columns(night, scientist, change, columns):
    row = tracklet(night)
    Frame.objects.filter(subject=row).update(**change)
    shown = page(scientist, row).content.decode()
    told = [name for name in ("Frame", "Along, ″", "Trail, ″") if f">{name}</th>" in shown]
    assert told + ["Download as CSV"] * ("Download as CSV" in shown) == columns


def test_one_detection_moves_nowhere(night, scientist):
    row = tracklet(night)
    Frame.objects.filter(subject=row, position__gt=0).update(dec=None)
    shown = page(scientist, row).content.decode()
    assert "Only one detection" in shown
    assert "Fit again" not in shown
    assert 'id="distance"' not in shown


def test_nan_positions_at_the_pole_break_nothing(night, scientist):
    row = tracklet(night, dec=89.999)
    Frame.objects.filter(subject=row, position=1).update(mag=float("nan"), ra=float("nan"))
    answer = page(scientist, row)
    assert answer.context["fit"]["rate"] == pytest.approx(60, abs=1e-2)
    assert answer.context["detections"][1][0].along is None


def test_known_objects_stand_where_they_were_predicted(night, scientist):
    row = tracklet(night, angle=90.0)
    catalogue = OrbitCatalogue.objects.create(checksum="0", asteroids="MPCORB.DAT", orbits=1, epoch=61000.0)
    checked = {"subject": row, "catalogue": catalogue, "detections": 4, "candidates": 1, "orbit_days": 12}
    IdentityCheck.objects.create(**checked, checked_at=timezone.now())
    near = {"separation": 5, "along": 3, "across": 4, "orbit_error": 2, "rate": 60, "position_angle": 90}
    near |= {"sigma_along": 2.06, "sigma_across": 0.5, "orbit_days": 12}
    KnownMatch.objects.create(subject=row, designation="2010 AB1", detections=4, **near)
    answer = page(scientist, row)
    [shown] = answer.context["plot"]["known"]
    assert (shown["east"], shown["north"]) == pytest.approx((-3, -4), abs=0.01)  # north is left of eastward motion
    east, north = (np.array(axis) for axis in shown["outline"])
    assert (np.ptp(east) / 2, np.ptp(north) / 2) == pytest.approx((2.06, 0.5), rel=1e-3)  # the motion is eastward
    assert (east.mean(), north.mean()) == pytest.approx((-3, -4), abs=0.01)
    assert '<td class="n">3.00&nbsp;±&nbsp;2.06</td><td class="n">4.00&nbsp;±&nbsp;0.50</td>' in answer.content.decode()
    assert '<td class="n">8.1</td>' in answer.content.decode()  # σ
    assert '<th class="n">Elements, from exposure</th>' in answer.content.decode()
    assert '<td class="n">12 days before</td>' in answer.content.decode().replace("\n", "")
    assert "are marked old" not in answer.content.decode()
    assert "sstr=2010%20AB1" in answer.content.decode()


@pytest.mark.parametrize(("days", "words"), [(-412, "412 days after"), (412, "412 days before")])
def test_old_elements_are_marked_and_the_page_says_what_that_means(night, scientist, days, words):
    row = tracklet(night)
    catalogue = OrbitCatalogue.objects.create(checksum="0", asteroids="MPCORB.DAT", orbits=1, epoch=61000.0 - days)
    checked = {"catalogue": catalogue, "detections": 4, "candidates": 0, "orbit_days": days}
    IdentityCheck.objects.create(subject=row, **checked, checked_at=timezone.now())
    text = page(scientist, row).content.decode()
    assert f'The elements are for a date {words} the exposure. <span class="badge failed">old</span>' in text
    assert "Elements more than 100 days from a detection are marked old" in text
    IdentityCheck.objects.update(orbit_days=99)
    assert "marked old" not in page(scientist, row).content.decode()


@pytest.mark.parametrize("dec", [5.0, 89.999, -89.999])
def test_an_ellipse_lies_along_the_predicted_motion_at_a_pole_and_across_ra_0(night, dec):
    row = tracklet(night, dec=dec, angle=70.0, ra=359.9999)
    track = Track(list(row.frames.all()), seeing=2.4, floor=0.1)
    sizes = {"sigma_along": 8, "sigma_across": 0.5}
    match = KnownMatch(subject=row, along=10, across=0, orbit_error=8, rate=60, position_angle=70, **sizes)
    [near] = track.nearby([match])
    way = track.offsets[3] - track.offsets[0]
    way /= np.hypot(*way)
    assert np.array([near.east, near.north]) == pytest.approx(track.offsets.mean(axis=0) - 10 * way, abs=0.01)
    spread = np.linalg.svd(near.outline - near.outline.mean(axis=0))
    assert abs(spread.Vh[0] @ way) == pytest.approx(1, abs=1e-5)
    assert spread.S * np.sqrt(2 / len(near.outline)) == pytest.approx([8, 0.5])


def test_an_orbit_of_unknown_error_has_a_place_but_no_ellipse(night, scientist):
    row = tracklet(night)
    near = {"separation": 5, "along": 3, "across": 4, "orbit_error": None, "rate": 60, "position_angle": 90}
    near["sigma_across"] = 0.5
    KnownMatch.objects.create(subject=row, designation="2010 AB1", detections=4, **near)
    answer = page(scientist, row)
    [shown] = answer.context["plot"]["known"]
    assert shown["outline"] is None
    assert '<td class="n">3.00</td><td class="n">4.00&nbsp;±&nbsp;0.50</td>' in answer.content.decode()


def test_each_model_and_each_workflow_has_its_say_with_a_version(night, scientist):
    row = tracklet(night)
    workflow = sky.workflow(night, kind="tracklet")
    older = sky.checkpoint(workflow, manifest={"classes": ["AST", "CR"]})  # the classes of its stamps
    newer = sky.checkpoint(workflow, manifest={"classes": ["AST", "CR"]}, is_champion=True)
    for model, p in ((older, 0.3), (newer, 0.8)):
        Score.objects.create(checkpoint=model, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.5)
    sky.votes(workflow, row, 0.9, version=7)
    context = page(scientist, row).context
    assert context["classes"] == ["bogus", "real"]
    cells = [(score.checkpoint, values) for score, values in context["scores"]]
    assert cells == [(newer, [pytest.approx(0.2), 0.8]), (older, [0.7, 0.3])]
    assert [each.version for each in context["crowd"]] == [7]


def test_a_trail_that_does_not_fit_the_rate_is_said(night, scientist):
    slow, fast = tracklet(night), tracklet(night, rate=3000.0)
    answer = page(scientist, slow)
    lengths = [measured.length for _, measured in answer.context["detections"]]
    assert max(lengths) < 5  # points 7.6″ wide, where 0.5″ are predicted, in an unknown direction
    assert not answer.context["trailing"].disagrees
    assert "agree with the fitted rate" in answer.content.decode()
    assert "shorter than the fitted rate" in page(scientist, fast).content.decode()  # 25″, 13 pixels, predicted
    Frame.objects.filter(subject=slow).update(exptime=None)
    assert page(scientist, slow).context["trailing"].trails == {}


def test_the_direction_of_a_trail_comes_from_the_frames_wcs(night):
    row = tracklet(night, rate=1800.0, angle=40.0, n=2)  # 15″ in an exposure
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 26.0, "CRPIX2": 26.0}
    turn = np.radians(70)
    matrix = np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / 3600  # 1″ a pixel, turned
    cards |= {f"CD{i + 1}_{j + 1}": matrix[i, j] for i in (0, 1) for j in (0, 1)}
    pixels = np.random.default_rng(0).normal(0, 1, (1, 2, 1, 51, 51))
    for frame in row.frames.all():
        frame.wcs = {**cards, "CRVAL1": frame.ra, "CRVAL2": frame.dec - 3 / 3600}
        frame.save()
        middle = SkyCoord(frame.ra, frame.dec, unit="deg")
        places = middle.directional_offset_by(40 * units.deg, np.linspace(-7.5, 7.5, 60) * units.arcsec)
        for x, y in zip(*WCS(fits.Header(frame.wcs)).world_to_pixel(places), strict=True):
            rows, columns = np.mgrid[:51, :51]
            pixels[0, frame.position, 0] += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2)
    row.zarr_array, row.zarr_index = PixelStore(settings.PIXELS).append(night.slug, pixels.astype(np.float32))
    row.save()
    trailing = measure_trails(row, Track(list(row.frames.all()), seeing=2.4, floor=0.1), 2.4)
    assert [each.length for each in trailing.trails.values()] == pytest.approx([15, 15], abs=0.7)
    assert not trailing.disagrees


def test_the_page_asks_the_database_little(night, scientist, django_assert_max_num_queries):
    row = tracklet(night, n=8)
    with django_assert_max_num_queries(23):  # one of them counts pages, every sixth time
        assert page(scientist, row).status_code == 200
