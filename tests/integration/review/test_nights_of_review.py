"""Review by night, by time and by known object: which subjects it lists, and what its rows say of them."""

from html import unescape

import pytest
from django.http import QueryDict

from tests.integration.figures.movers import season, tracklet
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.archive.observing_nights import newest_nights
from webapp.archive.subject_search import KNOWN as IN_ARCHIVE
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.review.queue_form import filters_of
from webapp.review.queues import KNOWN, queued

pytestmark = pytest.mark.django_db
PAGE = "/surveys/night/review/"
ALL = {"queue": "all", "state": "all"}


@pytest.fixture
def tracklets(survey):
    return sky.workflow(survey, kind="tracklet", slug="movers")


@pytest.fixture
def rows(tracklets):
    """Six tracklets in each of three nights."""
    return season(tracklets, sky.checkpoint(tracklets, is_champion=True))


def listed(client, **asked):
    page = client.get(PAGE, {**ALL, **asked})
    assert page.status_code == 200
    return {each["row"].subject for each in page.context["rows"]}


def offered(survey, query):
    return [str(night) for night, _ in filters_of(survey, QueryDict(query)).form.fields["night"].widget.choices]


@pytest.mark.parametrize("most", [0, 100])
def test_a_night_lists_its_subjects_those_without_votes_too(tracklets, rows, scientist, client, monkeypatch, most):
    monkeypatch.setattr("webapp.review.queues.MOST_KEYS", most)
    assert listed(client, workflow="movers", night="2025-11-22") == set(rows[6:12])
    assert listed(client, workflow="movers", night="2025-11-22", state="todo") == set(rows[6:12])
    assert listed(client, workflow="movers", night="2025-11-23") == set()
    assert len(listed(client, workflow="movers")) == 3, "only those with votes"


def test_a_night_lists_a_subject_once(tracklets, rows, scientist, client):
    Subject.objects.filter(pk=rows[7].pk).update(duplicate_of=rows[6])
    assert listed(client, workflow="movers", night="2025-11-22") == {rows[6], *rows[8:12]}


def test_an_empty_list_of_all_subjects_leads_to_the_newest_night(tracklets, rows, scientist, client):
    words = "Show the newest night, 2025-11-25, with subjects that have no votes yet."
    tracklets.consensus.all().delete()
    link = "?queue=all&amp;workflow=movers&amp;view=list&amp;night=2025-11-25"
    assert f'<a href="{link}">{words}</a>' in client.get(PAGE, {**ALL, "workflow": "movers"}).content.decode()
    assert len(listed(client, workflow="movers", night="2025-11-25")) == 6
    assert words not in client.get(PAGE, {"queue": "split", "workflow": "movers"}).content.decode()


def test_the_newest_of_a_night_are_those_with_the_newest_votes(tracklets, rows, scientist, client):
    sky.votes(tracklets, rows[7], 0.6)
    tracklets.consensus.get(subject=rows[9]).save()
    asked = {**ALL, "workflow": "movers", "night": "2025-11-22", "sort": "-changed_at"}
    shown = [each["row"].subject for each in client.get(PAGE, asked).context["rows"]]
    assert shown[:2] == [rows[9], rows[7]]
    assert len(shown) == 6


def test_a_night_narrows_every_queue(workflow, subjects, scientist, vote, client):
    for subject, mjd in zip(subjects, (61000.4, 61001.3, 61001.4, 61002.4), strict=False):  # the 21st to the 23rd
        vote(subject, "yes", "no")
        Subject.objects.filter(pk=subject.pk).update(mjd=mjd)
    of_night = set(subjects[1:3])
    assert listed(client, queue="split") == set(subjects[:4])
    for queue in ("split", "random", "all"):
        assert listed(client, queue=queue, night="2025-11-22") == of_night
    assert listed(client, queue="split", mjd_min=61001.4, mjd_max=61002.4) == {*subjects[2:4]}
    assert listed(client, queue="split", night="2025-11-22", mjd_min=61001.35) == {subjects[2]}
    assert listed(client, queue="split", mjd_max=61000.4) == {subjects[0]}


def test_a_night_that_crosses_midnight_is_one(tracklets, survey, scientist, client):
    late, early = (tracklet(survey, mjd=mjd) for mjd in (61000.95, 61001.1))
    tracklet(survey, mjd=61001.95)
    assert listed(client, night="2025-11-21", workflow="movers") == {late, early}
    assert offered(survey, "workflow=movers") == ["", "2025-11-22", "2025-11-21"]


def test_the_nights_to_choose_from_are_the_newest_and_the_chosen_one(tracklets, survey, rows):
    tracklet(survey, mjd=61009.2, is_synthetic=True)
    tracklet(survey, mjd=3e9)
    assert newest_nights(survey.pk, "tracklet", 2) == ([61004, 61001], 0.0)
    assert newest_nights(survey.pk, "tracklet", 9) == ([61004, 61001, 61000], 0.0)
    assert newest_nights(survey.pk, "stamp", 9)[0] == []
    nights = ["2025-11-25", "2025-11-22", "2025-11-21", "2020-01-01"]
    assert offered(survey, "workflow=movers&night=2020-01-01") == ["", *nights]


@pytest.mark.parametrize("which", [key for key in IN_ARCHIVE if key])
@pytest.mark.parametrize("asked", [{}, {"mjd_min": "0"}])
def test_known_objects_are_those_of_the_archive(tracklets, survey, rows, scientist, client, which, asked):
    catalogue = OrbitCatalogue.objects.get()
    IdentityCheck.objects.create(subject=rows[5], catalogue=catalogue, detections=0, candidates=0)
    for row in rows:
        if not tracklets.consensus.filter(subject=row).exists():
            sky.votes(tracklets, row, 0.6)
    found = Subject.objects.filter(IN_ARCHIVE[which][1], survey=survey)
    assert listed(client, workflow="movers", known=which, **asked) == set(found)
    assert 0 < len(found) < len(rows)


def test_filters_that_leave_nothing_can_be_cleared(tracklets, rows, scientist, client):
    shown = client.get(PAGE, {**ALL, "workflow": "movers", "tag": "nosuch"}).content.decode()
    assert "No subjects match these filters." in shown
    assert "This queue is empty." not in shown
    assert 'href="?queue=all&amp;workflow=movers&amp;view=list"' in shown


def test_review_has_the_archives_choices_of_known_objects(tracklets):
    assert list(KNOWN) == list(IN_ARCHIVE)
    with pytest.raises(ValueError, match="choice of known objects"):
        queued(tracklets, "all", known="far")


def test_the_filters_are_in_the_url_and_named(tracklets, survey, rows, scientist, client):
    asked = {"workflow": "movers", "night": "2025-11-22", "known": "none", "mjd_min": "61000.5"}
    page = client.get(PAGE, {**ALL, **asked}).content.decode()
    for shown in (
        '<option value="2025-11-22" selected>2025-11-22</option>',
        '<option value="none" selected>',
        'name="mjd_min" value="61000.5"',
        '<details class="more-filters">',
        "Night (UTC): 2025-11-22 <",
        "Known object: none near <",
        "MJD ≥ 61000.5 <",
    ):
        assert shown in page
    assert "night=2025-11-22" in unescape(page).split('<nav class="queues"')[1].split("</nav>")[0]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"night": "yesterday"}, "Night (UTC)"),
        ({"known": "far"}, "Known object"),
        ({"mjd_min": "2", "mjd_max": "1"}, "MJD"),
        ({"cone": "10,95,1"}, "Cone: RA, Dec, radius (°)"),
    ],
)
def test_bad_values_are_named_kept_and_list_nothing(tracklets, rows, scientist, client, asked, name):
    page = client.get(PAGE, {**ALL, "workflow": "movers", **asked})
    assert page.status_code == 400
    assert f">{name}</a></p>" in page.content.decode()
    assert page.context["rows"] == []
    for value in (name, *asked.values()):
        assert value in page.content.decode()
    assert 'class="errorlist"' in page.content.decode()


def test_an_empty_list_offers_the_same_night_in_every_state(tracklets, rows, scientist, client):
    asked = {"workflow": "movers", "queue": "held", "night": "2025-11-22"}
    page = unescape(client.get(PAGE, asked).content.decode())
    assert '<a href="?workflow=movers&queue=held&night=2025-11-22&state=all">' in page


def test_a_row_says_when_how_bright_how_fast_and_near_what(tracklets, survey, rows, scientist, client):
    match = {"detections": 4, "along": 1, "across": 0, "rate": 1, "position_angle": 0}
    for designation, separation in (("433", 9.0), ("3200", 1.46)):
        KnownMatch.objects.create(subject=rows[0], designation=designation, separation=separation, **match)
    page = client.get(PAGE, {**ALL, "workflow": "movers", "night": "2025-11-21"}).content.decode()
    facts = next(part for part in page.split("<li ") if f'id="subject-{rows[0].pk}"' in part).split("row-facts")[1]
    for words in ("2025-11-21 04:48 UTC", "magnitude 18.15", "10.00″/h, as given", "3200 at 1.5″ and 1 more"):
        assert words in facts
    assert f'href="/surveys/night/subjects/{rows[0].pk}/motion/?workflow=movers">Motion</a>' in facts


def test_a_stamp_without_time_and_place_has_no_line(workflow, subjects, scientist, vote, client):
    vote(subjects[0], "yes")
    assert "row-facts" not in client.get(PAGE, ALL).content.decode()
    Subject.objects.filter(pk=subjects[0].pk).update(ra=10, dec=5)
    assert "Position &amp; known objects</a>" in client.get(PAGE, ALL).content.decode()
