"""The motion page says how far a mover is: measured, a least distance, or why neither."""

import numpy as np
import pytest

from ml.sky.tangent_plane import positions
from tests.integration import people
from tests.integration.learning import sky
from tests.unit.sky.curved_trails import hubble, trail
from webapp.archive.models import Frame

pytestmark = pytest.mark.django_db
SHARP = {"seeing": "0.1", "floor": "0.03"}


def seen(survey, distance, *, space, minutes, n=10):
    """Store a tracklet of a mover at a distance (au), seen from a simulated Hubble or from Haleakala."""
    mjd, directions, _ = trail(distance, minutes=minutes, n=n, space=space)
    places = {
        f"#obs_{axis}{frame + 1}": str(km)
        for frame, row in enumerate(hubble(mjd))
        for axis, km in zip("xyz", row, strict=True)
    }
    [row] = sky.subjects(survey, [True], kind="tracklet", frames=n, metadata=places if space else {})
    ra, dec = positions(directions)
    Frame.objects.bulk_create(
        Frame(subject=row, position=at, mjd_mid=mjd[at], ra=ra[at], dec=dec[at], snr=100) for at in range(n)
    )
    return row


def bend_the_other_way(row):
    """Mirror a tracklet at the straight line through it."""
    frames = list(row.frames.all())
    for axis in ("ra", "dec"):
        values = np.array([getattr(each, axis) for each in frames])
        line = np.polyval(np.polyfit(range(len(values)), values, 1), range(len(values)))
        for each, value in zip(frames, 2 * line - values, strict=True):
            setattr(each, axis, value)
    Frame.objects.bulk_update(frames, ["ra", "dec"])


def distance_page(row):
    scientist = people.browser(people.member(row.survey, "scientist"))
    answer = scientist.get(f"/surveys/{row.survey.slug}/subjects/{row.pk}/motion/", SHARP)
    assert answer.status_code == 200
    return answer.context["distance"], answer.content.decode()


def test_a_trail_seen_from_orbit_gives_its_distance():
    found, page = distance_page(seen(sky.survey("deep"), 1.5, space=True, minutes=35))
    assert found.fit.is_measured
    assert found.fit.distance == pytest.approx(1.5, rel=0.01)
    assert f"{found.fit.distance:.4f} ± {found.fit.distance_error:.4f} au" in page


def test_a_near_object_is_measured_from_the_ground():
    found, _ = distance_page(seen(sky.survey("night", observatory="I41"), 0.05, space=False, minutes=90))
    assert found.fit.is_measured
    assert found.fit.distance == pytest.approx(0.05, rel=0.1)


def test_a_distant_object_is_only_farther_than():
    found, page = distance_page(seen(sky.survey("night", observatory="I41"), 40.0, space=False, minutes=30))
    assert found.fit
    assert not found.fit.is_measured
    assert f"Farther than <strong>{found.fit.nearest:.4f} au</strong>" in page


def test_a_track_that_bends_the_wrong_way_has_no_distance():
    row = seen(sky.survey("night", observatory="I41"), 0.05, space=False, minutes=90)
    bend_the_other_way(row)
    found, page = distance_page(row)
    assert found.fit.significance < -3
    assert found.fit.is_impossible
    assert "wrong way for any distance" in page


def test_a_hopeless_fit_claims_no_distance_and_two_places_at_one_time_are_said():
    row = seen(sky.survey("night", observatory="I41"), 0.5, space=False, minutes=60, n=4)
    third, last = row.frames.order_by("position")[2:]
    last.mjd_mid, last.ra, last.dec = third.mjd_mid, third.ra, third.dec + 3.6 / 3600
    last.save()
    found, page = distance_page(row)
    assert found.fit.is_unfit
    assert "No distance fits" in page
    assert "au</strong>" not in page
    assert "Frames 3 and 4 have one time but different places" in page


@pytest.mark.parametrize(("n", "said"), [(3, "with 1 degree of freedom left"), (4, "with 3 degrees of freedom left")])
def test_degrees_of_freedom_are_counted(n, said):
    _, page = distance_page(seen(sky.survey("night", observatory="I41"), 40.0, space=False, minutes=30, n=n))
    assert said in page


@pytest.mark.parametrize(("n", "said"), [(2, "three detections within a day"), (10, "place is unknown")])
def test_what_is_missing_is_said(n, said):
    found, page = distance_page(seen(sky.survey("nowhere"), 1.5, space=False, minutes=35, n=n))
    assert found.fit is None
    assert said in page
