"""An archive search for a place or a name may look into all surveys of which its reader is a scientist, no other."""

import re

import pytest
from django.test import override_settings

from tests.integration.learning import sky
from tests.integration.people import account, browser, member
from webapp.archive.models import Membership, Subject
from webapp.archive.subject_total import Total
from webapp.known_objects.models import KnownMatch

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/"
CONE = {"cone": "10, 5, 1", "reach": "all"}


@pytest.fixture
def night():
    return sky.survey("night")


@pytest.fixture
def rows(night):
    """A subject at one place in each of three surveys, the first two with one elsewhere."""
    found = []
    for place, survey in enumerate((night, sky.survey("dawn"), sky.survey("dusk"))):
        near, far = sky.subjects(survey, [True] * 2)
        Subject.objects.filter(pk=near.pk).update(ra=10.1, dec=5.1, mag=20 - place, mjd=60000)
        Subject.objects.filter(pk=far.pk).update(ra=200, dec=5.1)
        found.append(near)
    return found


@pytest.fixture
def ann(night, rows):
    """A scientist of the first two surveys, and a volunteer of the third."""
    user = member(night, "scientist", "ann")
    for row, role in zip(rows[1:], ("scientist", "volunteer"), strict=True):
        Membership.objects.create(user=user, survey=row.survey, role=role)
    return browser(user)


def keys(reply):
    return [row.pk for row in reply.context["subjects"]]


@pytest.mark.parametrize(
    "region",
    [CONE, {"polygon": "9,4,11,4,11,6,9,6", "reach": "all"}, {"moc": "0/0-11", "reach": "all", "mjd_max": 60001}],
)
def test_a_region_finds_the_subjects_of_all_my_surveys(rows, ann, region):
    reply = ann.get(PAGE, {**region, "sort": "mag"})
    assert keys(reply) == [rows[1].pk, rows[0].pk], "brightest first"
    assert reply.context["total"] == Total(2)
    page = reply.content.decode()
    for row in rows[:2]:
        assert f'href="/surveys/{row.survey.slug}/subjects/{row.pk}/"' in page
        assert f">{row.survey.name}</span>" in page
    assert keys(ann.get(PAGE, {**region, "reach": ""})) == [rows[0].pk], "this survey, unless asked"


def test_a_known_object_is_found_in_all_my_surveys(rows, ann):
    near = {"detections": 1, "separation": 1, "along": 1, "across": 0, "rate": 1, "position_angle": 0}
    for row, designation in ((rows[0], "3200"), (rows[1], "3200"), (rows[1], "433"), (rows[2], "3200")):
        KnownMatch.objects.create(subject=row, designation=designation, **near)
    asked = {"designation": "3200", "sort": "mag"}
    reply = ann.get(PAGE, {**asked, "reach": "all"})
    assert keys(reply) == [rows[1].pk, rows[0].pk]
    assert reply.context["total"] == Total(2)
    assert keys(ann.get(PAGE, {**asked, "reach": "all", "mean_mag_max": 19.5})) == [rows[1].pk]
    assert keys(ann.get(PAGE, asked)) == [rows[0].pk]
    sky.workflow(rows[0].survey)
    assert "Open in Review" in ann.get(PAGE, asked).content.decode()
    assert "Open in Review" not in ann.get(PAGE, {**asked, "reach": "all"}).content.decode(), "Review is of one survey"


def test_an_exact_name_or_object_is_found_in_all_my_surveys(rows, ann):
    for row, name in zip(rows, ("3200", "320001", "3200"), strict=True):
        Subject.objects.filter(pk=row.pk).update(external_id=name)
    other = Subject.objects.filter(survey=rows[1].survey).exclude(pk=rows[1].pk)
    other.update(object_group="3200")
    found = keys(ann.get(PAGE, {"text": "3200", "match": "exact", "reach": "all"}))
    assert found == [rows[0].pk, other.get().pk]


def test_no_survey_is_searched_that_i_am_no_scientist_of(rows, ann, night):
    assert rows[2].pk not in keys(ann.get(PAGE, CONE))
    one = browser(member(night, "scientist", "one"))
    assert keys(one.get(PAGE, CONE)) == [rows[0].pk]
    assert "all surveys" not in one.get(PAGE).content.decode()
    for reader in (browser(member(night, "volunteer", "vera")), browser()):
        page = reader.get(PAGE, CONE)
        assert not set(keys(page)) & {rows[1].pk, rows[2].pk}
    root = browser(account("root", is_superuser=True))
    assert set(keys(root.get(PAGE, CONE))) == {row.pk for row in rows}


def test_the_exact_total_is_of_the_readers_own_surveys(rows, ann, night, monkeypatch):
    monkeypatch.setattr("webapp.archive.subject_total.MOST_COUNTED", 0)
    root = browser(account("root", is_superuser=True))
    assert root.get(PAGE, {**CONE, "total": "true"}).context["total"] == Total(3)
    assert ann.get(PAGE, {**CONE, "total": "true"}).context["total"] == Total(2)


@override_settings(MFA_REQUIRED_FROM="scientist")
def test_without_the_second_factor_it_finds_nothing_of_the_others(rows, ann):
    assert rows[1].pk not in keys(ann.get(PAGE, CONE))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"reach": "all", "mag_max": 20}, "give a cone, a polygon or a MOC, or an exact name"),
        ({"reach": "all", "text": "3200"}, "give a cone, a polygon or a MOC, or an exact name"),
        ({"reach": "all", "match": "exact"}, "give a cone, a polygon or a MOC, or an exact name"),
        ({"reach": "all", "designation": "3200", "sort": "posterior"}, "This asks for one survey’s classes"),
        ({**CONE, "sort": "-p_real"}, "This asks for one survey’s classes, model or votes"),
        ({**CONE, "gold": "settled"}, "This asks for one survey’s classes, model or votes"),
    ],
)
def test_what_several_surveys_cannot_answer_is_refused_with_a_sentence(rows, ann, asked, sentence):
    reply = ann.get(PAGE, asked)
    assert (reply.status_code, keys(reply)) == (400, [])
    assert "Not accepted:" in reply.content.decode()
    assert sentence in reply.content.decode()
    assert "nothing was searched" in reply.content.decode()


def test_a_bad_cone_is_the_only_mistake(rows, ann):
    page = ann.get(PAGE, {"cone": "10, 100, 1", "reach": "all"}).content.decode()
    assert len(re.findall("errorlist", page)) == 1


def test_the_table_of_several_surveys_names_them_and_has_no_ones_scores(rows, ann):
    page = ann.get(PAGE, {**CONE, "sort": "mag", "view": "table"})
    text = page.content.decode()
    assert [row.cells[-1] for row in page.context["subjects"]] == ["19.00", "20.00"]
    assert "<th>Survey</th>" in text
    assert "Volunteers’ posterior</a>" not in text
