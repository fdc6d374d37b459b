"""Saving an unchanged form changes nothing, also in a language with decimal commas."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import SubjectSet, Survey
from webapp.learning.models import TrainingRun
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LANGUAGES = {"de": ("Speichern", "Gespeichert."), "fr": ("Enregistrer", "Enregistré.")}


@pytest.fixture
def survey(db):
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"], pixel_scale=1.0125, observatory="T05")
    rules = {
        "prior": 0.125,
        "accept_threshold": 0.9875,
        "random_fraction": 0.25,
        "required_skill": 0.75,
        "min_new_labels": 1500,
        "retrain_days": 1200,
    }
    workflow = sky.workflow(survey, follow_ups={"no": ["CR"]}, undo_seconds=1200, **rules)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="all"))
    return survey


@pytest.fixture
def page(survey, open_page):
    return open_page("/", user=member(survey, "admin"))


def speak(page, language):
    page.context.set_extra_http_headers({"Accept-Language": language})


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_saved_as_they_came_stay_as_they_were(survey, page, language):
    save, saved = LANGUAGES[language]
    before = [Workflow.objects.values().get(), Survey.objects.values().get()]
    speak(page, language)
    page.goto("/surveys/night/workflows/night/")
    page.get_by_role("button", name=save).click()
    expect(page.get_by_text(saved)).to_be_visible()
    page.goto("/surveys/night/settings/")
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.locator(".messages .success")).to_be_visible()
    assert [Workflow.objects.values().get(), Survey.objects.values().get()] == before


def test_numbers_can_be_typed_as_the_browser_takes_them(survey, page):
    speak(page, "de")
    page.goto("/surveys/night/learning/")
    page.get_by_label("Zeitlimit (Minuten)").fill("2.5")
    page.get_by_role("button", name="Lauf starten").click()
    expect(page.get_by_text("2,5 min")).to_be_visible()
    assert TrainingRun.objects.get().minutes == 2.5


def test_how_much_is_trained_is_told_in_rows_of_numbers(survey, page):
    page.goto("/surveys/night/workflows/night/")
    shown = [
        (row.locator("input").nth(0).input_value(), row.locator("input").nth(1).input_value()) for row in rows(page)
    ]
    assert shown == [("1", "5"), ("0.4", "20"), ("0.3", "40"), ("0.2", "60"), ("0.1", ""), ("", ""), ("", "")]
    page.get_by_label("Fraction, row 4").fill("0.05")
    page.get_by_label("Until subjects seen, row 4").fill("")
    page.get_by_label("Fraction, row 5").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert Workflow.objects.get().training_schedule == [[0, 1.0], [5, 0.4], [20, 0.3], [40, 0.05]]
    page.get_by_label("Until subjects seen, row 1").fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("each later one at more than the one before")).to_be_visible()
    assert page.get_by_label("Until subjects seen, row 1").input_value() == "50"


def rows(page):
    return page.locator(".schedule tbody tr").all()
