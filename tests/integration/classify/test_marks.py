"""Lines along trails: stored once, with sky coordinates, and deleted with their answer."""

import uuid

import pytest
from astropy.io import fits
from astropy.wcs import WCS

from tests.integration.people import browser, member
from tests.integration.world import client_of, make_volunteer, make_workflow, subjects_of
from webapp.archive.models import Frame, Role
from webapp.classifications.models import MOST_MARKS, Classification, Mark

pytestmark = pytest.mark.django_db

CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 359.9999, "CRVAL2": 60.0, "CRPIX1": 4.0, "CRPIX2": 4.0,
    "CD1_1": -5e-4, "CD1_2": 1e-5, "CD2_1": 1e-5, "CD2_2": 5e-4,
}  # fmt: skip
LINE = {"frame": 1, "x1": 0.25, "y1": 1, "x2": 7.5, "y2": -0.5}


@pytest.fixture
def workflow(db):
    return make_workflow(subjects=2, line_marking=True)


@pytest.fixture
def subject(workflow):
    subject = subjects_of(workflow)[0]
    Frame.objects.filter(subject=subject, position=1).update(wcs=CARDS)
    return subject


@pytest.fixture
def client(workflow):
    client = client_of(make_volunteer("ann"))
    client.get("/api/workflows/atlas/next/")
    return client


def answer(subject, marks, **changes):
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": subject.pk, "answer": "yes", "marks": marks}
    return sent | changes


def post(client, sent):
    return client.post("/api/classifications/", sent, format="json")


def test_a_line_is_stored_in_pixels_and_on_the_sky(client, subject):
    sent = answer(subject, [LINE, LINE | {"frame": 0}])
    assert post(client, sent).status_code == 201
    on_sky, off_sky = Mark.objects.all()
    assert (on_sky.position, on_sky.frame, on_sky.x1, on_sky.y1, on_sky.x2, on_sky.y2) == (0, 1, 0.25, 1, 7.5, -0.5)
    expected = WCS(fits.Header(CARDS)).pixel_to_world([0.25, 7.5], [1, -0.5])
    assert [on_sky.ra1, on_sky.ra2] == pytest.approx(expected.ra.deg, abs=1e-9)
    assert [on_sky.dec1, on_sky.dec2] == pytest.approx(expected.dec.deg, abs=1e-9)
    assert (off_sky.ra1, off_sky.dec2) == (None, None)
    own = client.get("/api/classifications/").json()["results"][0]["marks"]
    assert own[0]["ra1"] == on_sky.ra1


def test_a_replay_stores_no_line_twice(client, subject):
    sent = answer(subject, [LINE])
    post(client, sent)
    assert post(client, sent).json()["replayed"]
    assert post(client, answer(subject, [LINE, LINE])).json()["accepted"] is False
    assert Mark.objects.count() == 1


def test_lines_are_withdrawn_with_their_answer(client, subject):
    sent = answer(subject, [LINE])
    post(client, sent)
    client.post(f"/api/classifications/{sent['id']}/undo/")
    assert not Mark.objects.standing().exists()
    again = answer(subject, [LINE | {"x1": 3}])
    assert post(client, again).status_code == 201
    assert [mark.x1 for mark in Mark.objects.standing()] == [3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x2": 7.51}, "outside the image"),
        ({"y1": -0.51}, "outside the image"),
        ({"x1": "nan"}, "number"),
        ({"y2": "inf"}, "number"),
        ({"frame": 2}, "2 frames"),
        ({"x2": 0.25, "y2": 1}, "same point"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_answer(client, subject, change, said):
    reply = post(client, answer(subject, [LINE, LINE | change]))
    assert reply.status_code == 400
    assert said in reply.content.decode()
    assert not Classification.objects.exists()
    assert not Mark.objects.exists()


def test_an_answer_holds_so_many_lines_and_no_more(client, subject):
    assert post(client, answer(subject, [LINE] * (MOST_MARKS + 1))).status_code == 400
    assert not Classification.objects.exists()
    assert post(client, answer(subject, [LINE] * MOST_MARKS)).status_code == 201
    assert Mark.objects.count() == MOST_MARKS


def test_lines_are_taken_only_where_the_workflow_asks_for_them(client, workflow, subject):
    workflow.line_marking = False
    workflow.save()
    reply = post(client, answer(subject, [LINE]))
    assert (reply.status_code, Mark.objects.count(), Classification.objects.count()) == (400, 0, 0)
    assert "does not ask for lines" in reply.json()["detail"]


def test_a_no_is_stored_without_its_lines(client, subject):
    assert post(client, answer(subject, [LINE], answer="no")).status_code == 201
    assert (Classification.objects.get().answer, Mark.objects.count()) == ("no", 0)


def test_lines_that_were_stored_with_a_no_do_not_stand(client, subject):
    post(client, answer(subject, [LINE]))
    Classification.objects.update(answer="no")
    assert (Mark.objects.count(), Mark.objects.standing().count()) == (1, 0)


def test_nobody_reads_the_lines_of_others(client, subject):
    post(client, answer(subject, [LINE]))
    assert client_of(make_volunteer("eve")).get("/api/classifications/").json()["results"] == []


def test_the_next_subject_says_where_its_pixels_lie(client, workflow, subject):
    Frame.objects.filter(subject=subject, position=1).update(ra=10.5, dec=-3)
    items = client.get("/api/workflows/atlas/next/").json()["items"]
    (item,) = (item["subject"] for item in items if item["subject"]["id"] == subject.pk)
    assert item["positions"] == [None, [10.5, -3]]
    assert item["sky"][0] is None
    assert item["sky"][1] == {
        "ra": 359.9999, "dec": 60, "x": 3, "y": 3, "cd": [[-5e-4, 1e-5], [1e-5, 5e-4]],
    }  # fmt: skip


def test_an_admin_asks_for_lines_and_a_scientist_cannot(workflow):
    url = f"/surveys/atlas/workflows/{workflow.slug}/"
    said = {
        "name": "Movers", "question": "Trails?", "undo_seconds": 30, "method": "majority", "prior": 0.5, "min_votes": 2,
        "max_votes": 5, "majority": 0.8, "accept_threshold": 0.99, "reject_threshold": 0.01, "random_fraction": 0,
        "training_schedule_fraction": "0", "training_schedule_until": "", "level": 1, "required_skill": 0.8,
        "agreement_votes": 5, "undecided_votes": 5, "acquisition": "diverse", "positive_fraction": 0.1,
        "rare_fraction": 0,
    }  # fmt: skip
    browser(member(workflow.survey, Role.ADMIN)).post(url, said)
    workflow.refresh_from_db()
    assert not workflow.line_marking
    reply = browser(member(workflow.survey, Role.SCIENTIST)).post(url, said | {"line_marking": "on"})
    workflow.refresh_from_db()
    assert (reply.status_code, workflow.line_marking) == (403, False)
