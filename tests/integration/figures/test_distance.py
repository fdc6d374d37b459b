"""The motion page says how far a mover is: measured, a least distance, or why neither."""

import pytest

from ml.sky.tangent_plane import positions
from tests.integration import people
from tests.integration.learning import sky
from tests.unit.sky.curved_trails import hubble, trail
from webapp.archive.models import Frame
from webapp.figures.distance import measure_distance
from webapp.figures.track import Track

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


def bent(row, by):
    """Bend a tracklet by so many degrees of RA, times the square of a frame's place from the middle; return its fit."""
    for frame in row.frames.all():
        frame.ra += by * (frame.position - 4.5) ** 2
        frame.save()
    return measure_distance(row, Track(list(row.frames.all()), seeing=0.1, floor=0.03))


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
    toward, away = (bent(row, by).fit.significance for by in (2e-4, -4e-4))
    assert min(toward, away) < -3
    assert max(toward, away) > 3
    found, page = distance_page(row)
    assert found.fit.is_impossible == (away < 0)
    assert ("wrong way for any distance" in page) == found.fit.is_impossible


@pytest.mark.parametrize(("n", "said"), [(2, "three detections within a day"), (10, "place is unknown")])
def test_what_is_missing_is_said(n, said):
    found, page = distance_page(seen(sky.survey("nowhere"), 1.5, space=False, minutes=35, n=n))
    assert found.fit is None
    assert said in page
