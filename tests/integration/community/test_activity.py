"""Statistics: answers by hour, day and week in the browser's zone, time without pauses, and the certificate."""

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.signing import get_cookie_signer

from tests.integration import world
from webapp.classifications.models import Classification
from webapp.community import activity, certificate
from webapp.community.activity import answers_by, effort_of
from webapp.community.statistics import own_answers
from webapp.volunteers.identity import COOKIE, SALT
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def now(monkeypatch):
    """The evening after Berlin's clock change."""
    moment = datetime(2026, 10, 25, 20, 30, tzinfo=UTC)
    monkeypatch.setattr(activity.timezone, "now", lambda: moment)
    return moment


def answered(volunteer, workflow, subject, at, seconds=None, **fields):
    row = Classification.objects.create(
        id=uuid.uuid4(), volunteer=volunteer, workflow=workflow, subject=subject, answer="no",
        started_at=at - timedelta(seconds=seconds) if seconds is not None else None, finished_at=at, **fields,
    )  # fmt: skip
    Classification.objects.filter(pk=row.pk).update(created_at=at)


def test_days_begin_at_midnight_where_the_volunteer_is(workflow, ada, ben, now):
    one, two, three, *_ = world.subjects_of(workflow)
    answered(ada, workflow, one, datetime(2026, 10, 24, 22, 30, tzinfo=UTC))  # 0:30 on the 25th in Berlin
    answered(ada, workflow, two, datetime(2026, 10, 25, 19, 0, tzinfo=UTC))
    answered(ada, workflow, three, now, withdrawn_at=now)
    answered(ben, workflow, one, now)
    assert answers_by(own_answers(ada), "day", BERLIN)[-2:] == [
        (datetime(2026, 10, 24, tzinfo=BERLIN), 0),
        (datetime(2026, 10, 25, tzinfo=BERLIN), 2),
    ]
    assert [n for _, n in answers_by(own_answers(ada), "day", ZoneInfo("UTC"))][-2:] == [1, 1]
    assert len(answers_by(own_answers(ada), "day", BERLIN)) == 30


def test_weeks_begin_on_monday(workflow, ada, now):
    answered(ada, workflow, world.subjects_of(workflow)[0], now)
    assert answers_by(own_answers(ada), "week", BERLIN)[-1] == (datetime(2026, 10, 19, tzinfo=BERLIN), 1)


def test_the_hour_that_the_clocks_repeat_is_two_hours(workflow, ada, now):
    one, two, *_ = world.subjects_of(workflow)
    answered(ada, workflow, one, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 2:30, summer time
    answered(ada, workflow, two, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))  # 2:30 again, winter time
    rows = [(start.astimezone(UTC).hour, n) for start, n in answers_by(own_answers(ada), "hour", BERLIN) if n]
    assert rows == [(0, 1), (1, 1)]
    assert len(answers_by(own_answers(ada), "hour", BERLIN)) == 48


def test_time_leaves_pauses_out(workflow, ada, now):
    for subject, seconds in zip(world.subjects_of(workflow), [10, 3600, None, -5], strict=False):
        answered(ada, workflow, subject, now, seconds)
    told = effort_of(ada)
    assert told.answers == 4
    assert told.spent == timedelta(seconds=10) + activity.LONGEST


def test_effort_of_some_days(workflow, ada, now):
    one, two, *_ = world.subjects_of(workflow)
    answered(ada, workflow, one, now - timedelta(days=1), 10)
    answered(ada, workflow, two, now, 20)
    assert effort_of(ada, since=date(2026, 10, 25)).answers == 1
    assert effort_of(ada, until=date(2026, 10, 24)).spent == timedelta(seconds=10)


def test_the_page_draws_in_the_zone_of_the_address(workflow, ada, browser_of):
    world.vote(ada, workflow, world.subjects_of(workflow)[0])
    client = browser_of(ada)
    assert client.get("/you/statistics/?by=week&zone=Asia/Tokyo").context["zone"] == "Asia/Tokyo"
    page = client.get("/you/statistics/?by=year&zone=../etc/passwd")
    assert (page.context["step"], page.context["zone"], sum(page.context["plot"]["counts"])) == ("day", "UTC", 1)


def test_visitors_read_what_a_certificate_is_and_needs(workflow, browser_of):
    visitor, client = Volunteer.objects.create(), browser_of()
    client.cookies[COOKIE] = get_cookie_signer(salt=COOKIE + SALT).sign(visitor.key.hex)
    world.vote(visitor, workflow, world.subjects_of(workflow)[0])
    page = client.get("/you/statistics/").content.decode()
    assert "A certificate shows how many images you classified" in page
    assert "/you/certificate.pdf" not in page


def test_the_certificate_is_a_pdf_of_ones_own_work(workflow, ada, ben, browser_of):
    world.vote(ada, workflow, world.subjects_of(workflow)[0])
    response = browser_of(ada).get("/you/certificate.pdf", headers={"Accept-Language": "de"})
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert browser_of(ben).get("/you/certificate.pdf").status_code == 404
    assert browser_of().get("/you/certificate.pdf").status_code == 302
    assert browser_of(ada).get("/you/certificate.pdf?since=2026-02-01&until=2026-01-01").status_code == 400
    assert browser_of(ada).get("/you/certificate.pdf?since=2001-01-01&until=2001-01-02").status_code == 404


@pytest.mark.parametrize(
    ("days", "sentence"),
    [("", "on 2026-10-25 (UTC)."), ("?since=2026-10-24", "from 2026-10-24 to 2026-10-25 (UTC).")],
)
def test_a_certificate_names_one_day_once(workflow, ada, browser_of, now, monkeypatch, days, sentence):
    answered(ada, workflow, world.subjects_of(workflow)[0], now, seconds=60)
    lines = []
    monkeypatch.setattr(certificate, "_line", lambda _page, text, *_looks: lines.append(text))
    browser_of(ada).get(f"/you/certificate.pdf{days}")
    assert lines[3:5] == ["1 image in 1 minute", sentence]


@pytest.mark.parametrize("days", ["until=9999-12-31", "since=9999-12-31", "until=2026-10-27"])
def test_a_certificate_of_days_to_come_is_refused_with_a_sentence(workflow, ada, browser_of, now, days):
    answered(ada, workflow, world.subjects_of(workflow)[0], now)
    response = browser_of(ada).get(f"/you/certificate.pdf?{days}")
    assert response.status_code == 400
    assert "This day is in the future." in response.content.decode()


@pytest.mark.parametrize("days", ["until=2026-10-25", "until=2026-10-26", "since=0001-01-01"])
def test_a_certificate_may_last_until_the_day_that_it_is_somewhere(workflow, ada, browser_of, now, days):
    answered(ada, workflow, world.subjects_of(workflow)[0], now)
    assert browser_of(ada).get(f"/you/certificate.pdf?{days}").status_code == 200
