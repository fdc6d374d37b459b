"""Under each thumbnail of a sorted archive stands what it is sorted by, in words and with a unit, for scientists."""

import re

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.archive.models import Subject
from webapp.archive.subject_orders import SORTS
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db

WORDS = {
    "mjd": ["2018-03-30 06:00 UTC", "time unknown"],
    "rate": ["31.25″/h, as given", "no rate given"],
    "fitted_rate": ["0.40″/h, fitted", "no rate fitted"],
    "mag": ["magnitude 19.35", "no magnitude"],
    "p_real": ["model’s score 0.875", "no score"],
    "posterior": ["volunteers’ posterior 0.992", "no votes"],
}


@pytest.fixture
def survey():
    """Two subjects, the second without any value."""
    survey = sky.survey("night")
    workflow = sky.workflow(survey)
    model = sky.checkpoint(workflow, is_champion=True)
    first, second = sky.subjects(survey, [True] * 2)
    Subject.objects.filter(pk=first.pk).update(mjd=58207.25, rate=31.25, fitted_rate=0.4, mag=19.35)
    Subject.objects.filter(pk=second.pk).update(mjd=None, rate=None, fitted_rate=None, mag=None)
    Score.objects.create(checkpoint=model, subject=first, probabilities=[0.875], p_real=0.875, entropy=0.1)
    sky.votes(workflow, first, 0.992)
    return survey


def captions(page):
    items = re.findall(r"<li>(.*?)</li>", page, re.DOTALL)
    return [
        found[1] if (found := re.search(r'class="small number">(.*?)<', each)) else ""
        for each in items
        if "<img" in each
    ]


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort.removeprefix("-") in WORDS])
def test_each_thumbnail_says_what_it_is_sorted_by(survey, sort):
    page = browser(member(survey, "scientist")).get("/surveys/night/", {"sort": sort}).content.decode()
    assert captions(page) == WORDS[sort.removeprefix("-")]


@pytest.mark.parametrize("sort", ["", "-id", "name", "-name"])
def test_orders_by_name_and_arrival_need_no_value(survey, sort):
    page = browser(member(survey, "scientist")).get("/surveys/night/", {"sort": sort}).content.decode()
    assert captions(page) == ["", ""]


def test_scores_are_those_of_a_model_that_the_page_names(survey):
    look = browser(member(survey, "scientist"))
    said = f"scores by the champion, model {survey.checkpoints.get().pk}"
    assert said in look.get("/surveys/night/", {"sort": "-p_real"}).content.decode()
    assert said not in look.get("/surveys/night/", {"sort": "mag"}).content.decode()


def test_without_a_champion_no_score_is_claimed(survey):
    survey.checkpoints.update(is_champion=False)
    page = browser(member(survey, "scientist")).get("/surveys/night/", {"sort": "-p_real"}).content.decode()
    assert captions(page) == ["", ""]


def test_values_are_rounded_as_on_other_pages(survey):
    Subject.objects.filter(mag=19.35).update(mag=19.876)
    page = browser(member(survey, "scientist")).get("/surveys/night/", {"sort": "mag"}).content.decode()
    assert captions(page) == ["magnitude 19.88", "no magnitude"]


def test_a_time_that_no_calendar_has_is_shown_as_it_is(survey):
    Subject.objects.filter(mjd=58207.25).update(mjd=1e9)
    page = browser(member(survey, "scientist")).get("/surveys/night/", {"sort": "mjd"}).content.decode()
    assert captions(page) == ["MJD 1e+09", "time unknown"]


def test_volunteers_are_told_no_value(survey):
    page = browser(member(survey, "volunteer")).get("/surveys/night/", {"sort": "-p_real"}).content.decode()
    assert captions(page) == ["", ""]
