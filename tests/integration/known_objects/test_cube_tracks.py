"""The tracks through a cube, found by the champion, and volunteers' lines on it are compared with the known objects."""

import math

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from ml.cubes.tracks import find_tracks
from ml.imaging.wcs import to_pixels
from ml.roles.detector_scorer import line_of
from ml.sky.apparent import Bodies, observe
from ml.sky.mpcorb import read_mpcorb
from ml.sky.nbody import acceleration, integrate
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_at
from ml.sky.packed import unpack_designation
from ml.sky.tangent_plane import positions
from tests.integration.known_objects.matching import ORBITS, UTC, draw, run, settle, waits
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.archive.models import Frame
from webapp.classifications.models import Classification
from webapp.known_objects.unidentified import identified, unidentified
from webapp.learning.models import Checkpoint, Detection, Promotion, ScoringRun
from webapp.learning.scores import write_detections

pytestmark = pytest.mark.django_db

FRAMES, SIDE, PIXEL = 20, 48, 21.0
"""As many that no frame is in the middle; and TESS's pixels, arcsec."""
TIMES = UTC + (np.arange(FRAMES) - 9.5) / 48
ASIDE = np.array([0.0, -14.0])
"""Pixels from the known object to where there is none."""


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey, kind="cube", slug="movers")


@pytest.fixture
def cube(survey, places):
    """Half an hour a frame, each with a WCS; a known asteroid crosses its middle."""
    [row] = sky.subjects(survey, [False], kind="cube", frames=FRAMES, side=SIDE)
    _, ra, dec = places[0]
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": 25.0, "CRPIX2": 25.0,
           "CD1_1": -PIXEL / 3600, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": PIXEL / 3600}  # fmt: skip
    Frame.objects.bulk_create(
        Frame(subject=row, position=at, mjd_mid=mjd, exptime=1800, wcs=wcs) for at, mjd in enumerate(TIMES)
    )
    return row


@pytest.fixture
def path(cube):
    """Return the pixels (FRAMES, 2) of the asteroid, from its orbit, seen from the Earth's centre."""
    orbits = read_mpcorb(ORBITS / "mpcorb.dat").orbits.take(np.array([0]))
    codes = np.full(FRAMES, "500")
    observers, _ = observers_at(TIMES, codes, np.full((FRAMES, 3), np.nan), read_observatories(), "500")
    place, velocity = integrate(orbits, observers.mjd[0])
    bodies = Bodies(observers.mjd[0], place, velocity, acceleration(place, velocity, observers.mjd[0]))
    first = np.zeros(FRAMES, dtype=np.int64)
    seen = observe(bodies, first, observers.mjd, observers.position, observers.velocity, observers.drift)
    return to_pixels(cube.frames.first().wcs, *positions(seen.direction)).T


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True)


def found(champion, cube, *paths):
    """Store what a network finds that is sure of each mover."""
    y, x = np.mgrid[:SIDE, :SIDE]
    p = np.zeros((FRAMES, SIDE, SIDE), np.float32)
    for path in paths:
        square = (x - path[:, 0, None, None]) ** 2 + (y - path[:, 1, None, None]) ** 2
        p = np.maximum(p, np.exp(-square / 4).astype(np.float32))
    tracks = find_tracks(p, 0.5)
    assert len(tracks) == len(paths)
    write_detections(champion.pk, {cube.pk: [line_of(track) for track in tracks]})


def counts(cube):
    cube.refresh_from_db()
    check = cube.identity_check
    return check.detections, check.candidates, check.unmatched


def test_a_track_matches_in_the_frame_in_its_middle(catalogue, champion, cube, path, survey, places):
    assert np.hypot(*(path[-1] - path[0])) > 8, "pixels: elsewhere in its track it would not match"
    found(champion, cube, path)
    assert str(run(survey).message) == "1 of 1 newly compared subjects have a known object near them."
    match = cube.known_matches.get()
    assert match.designation == unpack_designation(places[0][0])
    assert match.separation < 0.1 * PIXEL
    assert match.sigma_across == pytest.approx(math.hypot(0.5 * PIXEL, 0.1), rel=0.01), "half a pixel"
    settle(survey)
    assert set(identified(survey)) == {cube}
    assert not unidentified(survey).exists()
    page = browser(member(survey, "scientist")).get(reverse("motion", args=["night", cube.pk])).content.decode()
    assert match.designation in page
    assert "each at its middle" in page


def test_one_track_near_no_object_is_unidentified_beside_a_known_one(catalogue, champion, cube, path, survey):
    found(champion, cube, path, path + ASIDE)
    settle(survey)
    run(survey)
    assert counts(cube) == (2, 1, 1)
    assert set(identified(survey)) == set(unidentified(survey)) == {cube}


def test_a_line_along_a_track_is_that_tracks_and_another_is_a_trail_in_its_frame(
    catalogue, champion, workflow, cube, path, survey
):
    found(champion, cube, path)
    draw(workflow, cube, path.mean(axis=0), half=(path[-1] - path[0]) / 2, frame=FRAMES - 1)
    run(survey)
    assert counts(cube) == (1, 1, 0)
    draw(workflow, cube, path[0] + ASIDE, half=(2.0, 0.0))
    run(survey)
    assert counts(cube) == (2, 1, 1)


def test_without_a_champion_volunteers_lines_are_compared_and_undone_ones_are_not(
    catalogue, workflow, cube, path, survey
):
    run(survey)
    assert not waits(survey)
    answer = draw(workflow, cube, path[3], half=(2.0, 0.0), frame=3)
    assert waits(survey)
    run(survey)
    assert counts(cube) == (1, 1, 0)
    assert not waits(survey)
    Classification.objects.filter(pk=answer.pk).update(withdrawn_at=timezone.now())
    assert waits(survey)
    run(survey)
    assert counts(cube) == (0, 0, 0)


def test_a_cube_is_compared_again_after_a_promotion_and_after_scoring(catalogue, champion, cube, path, survey):
    run(survey)
    assert not waits(survey)
    Promotion.objects.create(checkpoint=champion, previous=None, reason="")
    assert waits(survey)
    run(survey)
    assert not waits(survey)
    ScoringRun.objects.create(survey=survey, checkpoint=champion, state="done", finished_at=timezone.now())
    assert waits(survey)


def test_another_roles_promotion_compares_no_cube_again(catalogue, champion, cube, survey):
    run(survey)
    Checkpoint.objects.update(role="trail")
    Promotion.objects.create(checkpoint=champion, previous=None, reason="")
    assert not waits(survey)


@pytest.mark.parametrize("lacks", [{"mjd_mid": None}, {"mjd_mid": math.nan}, {"wcs": None}, {"wcs": {"CTYPE1": "bad"}}])
def test_without_times_or_a_wcs_a_cube_is_left_out_and_its_page_says_why(
    catalogue, champion, cube, path, survey, lacks
):
    found(champion, cube, path)
    Frame.objects.update(**lacks)
    settle(survey)
    run(survey)
    assert counts(cube) == (0, 0, 0)
    assert not unidentified(survey).exists()
    page = browser(member(survey, "scientist")).get(reverse("motion", args=["night", cube.pk])).content.decode()
    assert "its frame lacks a time, a WCS" in page


@pytest.mark.parametrize("bad", [{"frame": FRAMES}, {"x1": math.nan}, {"score": 0.4}])
def test_a_track_that_is_nowhere_or_not_sure_is_left_out_and_others_count(catalogue, champion, cube, path, survey, bad):
    found(champion, cube, path, path + ASIDE)
    Detection.objects.filter(position=1).update(**bad)
    run(survey)
    check = cube.identity_check
    assert check.detections == 1
    assert check.candidates + check.unmatched == 1
