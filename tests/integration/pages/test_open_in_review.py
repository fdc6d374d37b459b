"""A search of the archive opens in Review, with the filters that Review has."""

import re
from html import unescape

import pytest

from tests.integration import people
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.review.models import Case

pytestmark = pytest.mark.django_db
PAGE = "/surveys/night/"
LINK = re.compile(r'<a href="([^"]+)">Open in Review</a>([^<]*)')


@pytest.fixture
def night():
    return sky.survey("night")


@pytest.fixture
def rows(night):
    """Three stamps of a night, the first two with a tag, and one of another night; nobody has voted."""
    found = sky.subjects(night, [True] * 4)
    for row, mjd in zip(found, (61000.1, 61000.2, 61000.3, 61001.1), strict=True):
        Subject.objects.filter(pk=row.pk).update(mjd=mjd)
    for row in (*found[:2], found[3]):
        Case.objects.create(subject=row, tags=["lens"])
    return found


@pytest.fixture
def scientist(night):
    return people.browser(people.member(night, "scientist"))


def opened(client, **asked):
    """Return the link's address, and the words after it."""
    found = LINK.search(client.get(PAGE, asked).content.decode())
    return (unescape(found[1]), found[2].strip()) if found else (None, "")


def test_the_filters_that_review_has_come_with_it(night, rows, scientist):
    sky.workflow(night)
    asked = {"tag": "lens", "mjd_max": "61000.9", "known": "open"}
    address, words = opened(scientist, **asked, sort="-mjd")
    assert {each["row"].subject for each in scientist.get(address).context["rows"]} == set(rows[:2])
    assert "tag=lens&known=open&mjd_max=61000.9" in address
    assert words == ""
    assert "mjd_min" not in address


@pytest.mark.parametrize("most", [0, 100])
@pytest.mark.parametrize(
    "asked", [{"cone": "00:40:00 5 0:30"}, {"polygon": "9,4,11,4,11,6,9,6"}, {"moc": "0/4", "cone": "10,5,2"}]
)
def test_a_region_comes_with_it(night, rows, scientist, monkeypatch, most, asked):
    monkeypatch.setattr("webapp.review.queues.MOST_KEYS", most)
    sky.workflow(night)
    for row, ra in zip(rows, (10, 10.1, 200, 10.2), strict=True):
        Subject.objects.filter(pk=row.pk).update(ra=ra, dec=5)
    address, words = opened(scientist, **asked, mjd_max="61000.9")
    page = scientist.get(address)
    assert {each["row"].subject for each in page.context["rows"]} == set(rows[:2])
    for name, value in asked.items():
        assert f'name="{name}" value="{value}"' in page.content.decode()
    assert words == ""


def test_filters_that_review_lacks_are_left_out_with_a_word(night, rows, scientist):
    sky.workflow(night)
    assert opened(scientist, mjd_max="61000.9", text="s")[1] == "(by tag, time, place and known object only)"
    assert opened(scientist, mjd_max="61000.9")[1] == ""


def test_the_list_is_of_a_workflow_that_asks_about_the_kind(night, rows, scientist):
    assert opened(scientist) == (None, ""), "no workflow at all"
    for slug, kind in (("a", "stamp"), ("b", "stamp"), ("c", "tracklet")):
        sky.workflow(night, slug=slug, kind=kind)
    sky.subjects(night, [True], kind="tracklet", frames=4, prefix="t")
    sky.subjects(night, [True], kind="cube", frames=4, prefix="c")
    for asked, slug in (
        ({}, "a"),
        ({"workflow": "b"}, "b"),
        ({"kind": "tracklet"}, "c"),
        ({"kind": "tracklet", "workflow": "b"}, "c"),
    ):
        assert f"workflow={slug}&" in opened(scientist, **asked)[0]
    assert opened(scientist, kind="cube") == (None, "")


def test_nobody_but_scientists_is_offered_review(night, rows):
    sky.workflow(night)
    for client in (people.browser(people.member(night, "volunteer", "vera")), people.browser()):
        assert "Open in Review" not in client.get(PAGE).content.decode()
