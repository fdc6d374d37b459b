"""A subject's light curve and what its survey knew: stored by the ingest, and shown after the answer."""

import pytest

from tests.integration.archive.sky import make_survey, run_ingest
from tests.unit.io import packets
from tests.unit.io.packets import write
from tests.unit.io.test_light_curve import DETECTION, LIMIT
from webapp.archive.light_curve import HEIGHT, WIDTH, plot
from webapp.archive.models import Membership, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject(tmp_path):
    packet = packets.ztf() | {"prv_candidates": [DETECTION, LIMIT]}
    assert run_ingest(make_survey(), write(tmp_path / "a.avro", packet)).added == 1
    return Subject.objects.get()


def test_the_ingest_stores_it(subject):
    assert subject.light_curve == [[60369.5, "g", 20.5, None], [60370.5, "r", 18.25, 0.125]]
    assert subject.metadata["!known object"] == "433, 2.2″"


def test_it_is_shown_only_to_those_who_know_the_answer(client, subject, django_user_model):
    address = f"/surveys/atlas/subjects/{subject.pk}/"
    for page in (client.get(address), client.get(f"/api/subjects/{subject.pk}/")):
        assert page.status_code == 200
        assert b"light-curve" not in page.content
        assert b"18.25" not in page.content
        assert "433, 2.2″" not in page.content.decode()
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=subject.survey, role="scientist")
    client.force_login(scientist)
    page = client.get(address).content.decode()
    assert "2 measurements from MJD 60369.5000 to 60370.5000" in page
    assert 'cx="708.0" cy="12.0"' in page  # the newest and brightest
    assert "433, 2.2″" in page
    assert f'href="{address}light-curve.csv"' in page


def test_its_points_are_a_file_for_those_who_know_the_answer(client, subject, django_user_model):
    address = f"/surveys/atlas/subjects/{subject.pk}/light-curve.csv"
    assert client.get(address).status_code == 403
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=subject.survey, role="scientist")
    client.force_login(scientist)
    assert file_of(client.get(address)) == [
        "mjd,band,mag,mag_error,is_upper_limit",
        "60369.5,g,20.5,,True",
        "60370.5,r,18.25,0.125,False",
    ]
    Subject.objects.update(light_curve=None)
    subject.frames.update(mjd_mid=60400.5, band="i", mag=19.0, snr=None)
    assert file_of(client.get(address))[1:] == ["60400.5,i,19.0,,False"]  # without a survey's, that of the detections


def test_a_single_point_is_one_magnitude_and_no_range(client, subject, django_user_model):
    Subject.objects.update(light_curve=[[60369.5, "g", 20.5, 0.1]])
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=subject.survey, role="scientist")
    client.force_login(scientist)
    page = client.get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()
    assert "MJD 60369.5000 (UTC), magnitude 20.50; a triangle is an upper limit." in page
    assert "at the bottom" not in page


def test_the_ends_of_a_tracklets_light_curve_are_told_apart(client, subject, django_user_model):
    Subject.objects.update(light_curve=[[60310.3, "g", 19.88, 0.1], [60310.3104, "g", 19.94, 0.1]])
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=subject.survey, role="scientist")
    client.force_login(scientist)
    page = client.get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()
    assert "MJD 60310.3000 to 60310.3104 (UTC); magnitude 19.94 at the bottom, 19.88 at the top" in page


def file_of(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return b"".join(response.streaming_content).decode().splitlines()


def test_points_lie_within_the_drawing():
    drawing = plot([[60000.0, "", 18.0, 9.0]])
    assert (drawing.points[0].x, drawing.points[0].y) == (WIDTH / 2, HEIGHT / 2)
    assert (drawing.points[0].top, drawing.points[0].bottom) == (HEIGHT / 2, HEIGHT / 2)
    drawing = plot([[60000.0, "r", 18.0, 0.5], [60001.0, "g", 19.0, None], [60002.0, "X", 20.0, 5.0]])
    assert all(0 <= point.top <= point.bottom <= HEIGHT for point in drawing.points)
    assert [point.is_limit for point in drawing.points] == [False, True, False]
    assert [name for name, _ in drawing.bands] == ["g", "r", "X"]
