"""Translations of a survey's texts: written by its admins, shown by the reader's language, outdated by a change."""

import re

import pytest

from tests.integration.people import browser, member, others
from tests.integration.world import make_workflow
from webapp.archive.models import Survey
from webapp.guides.guide_texts import write_text
from webapp.guides.models import Translation
from webapp.guides.translations import completeness, save_translations
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

GERMAN = {"Accept-Language": "de"}
ADDRESS = "/surveys/atlas/translations/de/"


@pytest.fixture
def workflow():
    return make_workflow(subjects=1, help_text="Look twice.")


@pytest.fixture
def admin(workflow):
    Survey.objects.update(story="# Our story", description="Asteroids")
    return member(workflow.survey, "admin")


def german_of(survey):
    [found] = [each for each in completeness(survey) if each.code == "de"]
    return found.done, found.outdated, found.missing


def test_an_admin_translates_and_readers_of_that_language_see_it(workflow, admin):
    page = browser(admin).get(ADDRESS).content.decode()
    assert "# Our story" in page
    sent = {"story": "# Unsere Geschichte", "description": "Kleinplaneten", "atlas.question": "Echt?"}
    assert browser(admin).post(ADDRESS, sent | {"atlas.name": "", "atlas.slug": "x"}).status_code == 302
    assert Translation.objects.count() == 3
    readers = browser()
    project = readers.get("/surveys/atlas/project/", headers=GERMAN).content.decode()
    for text in ("<h2>Unsere Geschichte</h2>", "Kleinplaneten", "Echt?", ">ATLAS<"):
        assert text in project
    assert "Echt?" in readers.get("/classify/atlas/", headers=GERMAN).content.decode()
    assert "Echt?" in readers.get("/classify/atlas/help/", headers=GERMAN).content.decode()
    assert "Kleinplaneten" in readers.get("/", headers=GERMAN).content.decode()
    assert "Our story" in readers.get("/surveys/atlas/project/", headers={"Accept-Language": "fr"}).content.decode()
    assert Workflow.objects.get().question == "Real?"  # the row itself stays as it is


def test_completeness_counts_what_is_up_to_date(workflow, admin):
    survey = Survey.objects.get()
    assert german_of(survey) == (0, 0, 5)  # story, description; name, question, help
    save_translations(user=admin, survey=survey, language="de", texts={"story": "# Geschichte", "atlas.name": "Karte"})
    of = {"survey": survey, "workflow": workflow, "kind": "tutorial", "by": admin, "based_on": 0}
    write_text(**of, language="en", body="# Look")
    write_text(**of, language="de", body="# Schau")
    assert german_of(survey) == (3, 0, 3)
    survey.story = "# Our new story"
    survey.save()
    write_text(**of | {"based_on": 1}, language="en", body="# Look twice")
    assert german_of(survey) == (1, 2, 3)
    page = browser(admin)
    page.post(ADDRESS, {"story": "# Geschichte"})
    assert german_of(survey) == (1, 2, 3)
    page.post(ADDRESS, {"story": "# Geschichte", "confirmed": "story"})
    assert german_of(survey) == (2, 1, 3)
    assert "2 / 6 (33%)" in page.get("/surveys/atlas/translations/").content.decode()


def test_a_survey_in_another_language_falls_back_to_it(workflow, admin):
    Survey.objects.update(language="de", story="# Unsere Geschichte")
    survey = Survey.objects.get()
    write_text(
        survey=survey, workflow=None, kind="field-guide", language="de", body="# CR: Strahl", based_on=0, by=admin
    )
    assert browser(admin).get(ADDRESS).status_code == 404
    save_translations(user=admin, survey=survey, language="en", texts={"story": "# Our story"})
    assert "Our story" in browser().get("/surveys/atlas/project/").content.decode()
    assert "Unsere Geschichte" in browser().get("/surveys/atlas/project/", headers=GERMAN).content.decode()
    assert "Strahl" in browser().get("/classify/atlas/guide/", headers={"Accept-Language": "fr"}).content.decode()


def test_nobody_else_translates(workflow, admin):
    for person in others(workflow.survey):
        assert person.post(ADDRESS, {"story": "# Meins"}).status_code == 403
    assert not Translation.objects.exists()


@pytest.mark.parametrize("sent", [{"atlas.question": "?" * 201}, {"story": "x" * 20_001}, {"story": "a\0b"}])
def test_what_is_refused_is_not_stored_and_not_lost(workflow, admin, sent):
    response = browser(admin).post(ADDRESS, {"description": "Kleinplaneten", **sent})
    assert response.status_code == 400
    assert "Kleinplaneten" in response.content.decode()
    assert not Translation.objects.exists()


def test_translations_are_sanitised(workflow, admin):
    save_translations(user=admin, survey=workflow.survey, language="de", texts={"story": "<script>alert(1)</script>"})
    assert "<script>alert" not in browser().get("/surveys/atlas/project/", headers=GERMAN).content.decode()


def opened(admin):
    """Return what the form sends if nobody changes it."""
    page = browser(admin).get(ADDRESS).content.decode()
    fields = re.findall(r'<input type="hidden" name="(seen-[^"]+)" value="([^"]+)">', page)
    fields += re.findall(r'<input id="text-[^"]+" name="([^"]+)" value="([^"]*)"', page)
    return dict(fields + re.findall(r'<textarea id="text-[^"]+" name="([^"]+)"[^>]*>([^<]*)</textarea>', page))


def german():
    return dict(Translation.objects.values_list("field", "text"))


def test_two_translators_at_once_lose_nothing_of_each_other(workflow, admin):
    ann, ben = opened(admin), opened(admin)
    browser(admin).post(ADDRESS, ann | {"story": "# Geschichte"})
    browser(admin).post(ADDRESS, ben | {"description": "Kleinplaneten"})
    assert german() == {"story": "# Geschichte", "description": "Kleinplaneten"}


def test_of_two_translators_of_one_text_the_second_is_told(workflow, admin):
    ann, ben = opened(admin), opened(admin)
    browser(admin).post(ADDRESS, ann | {"story": "# Geschichte"})
    sent = ben | {"story": "# Story", "description": "Kleinplaneten"}
    answer = browser(admin).post(ADDRESS, sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert all(text in page for text in ("# Geschichte", "# Story", "Kleinplaneten"))
    assert german() == {"story": "# Geschichte"}
    again = dict(re.findall(r'name="(seen-[^"]+)" value="([^"]+)"', page))
    assert browser(admin).post(ADDRESS, sent | again).status_code == 302
    assert german() == {"story": "# Story", "description": "Kleinplaneten"}


def test_a_translation_of_a_text_that_changed_meanwhile_is_outdated(workflow, admin):
    sent = opened(admin) | {"story": "# Unsere Geschichte"}
    Survey.objects.update(story="# Another story")
    browser(admin).post(ADDRESS, sent)
    assert german_of(Survey.objects.get()) == (0, 1, 4)
