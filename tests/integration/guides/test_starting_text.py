"""A tutorial, field guide or help text can start from the words that readers see until somebody writes one."""

import html

import pytest

from tests.integration.people import browser, member
from tests.integration.world import make_subject, make_workflow
from webapp.archive.models import Survey
from webapp.guides.built_in import built_in_markdown
from webapp.guides.field_guide import class_of
from webapp.guides.models import GuideKind, GuideText

pytestmark = pytest.mark.django_db

GUIDES = "/surveys/atlas/guides/"


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def page(workflow):
    return browser(member(workflow.survey, "scientist"))


@pytest.mark.parametrize("place", ["of/atlas/tutorial", "of/atlas/help", "field-guide"])
def test_a_text_can_start_from_the_built_in_one_in_its_own_language(page, place):
    Survey.objects.update(classes=["AST", "NEVER-HEARD-OF"])
    assert "Start from the built-in text" in page.get(f"{GUIDES}{place}/de/").content.decode()
    started = page.get(f"{GUIDES}{place}/de/?built-in")
    body = started.context["form"].initial["body"]
    read = place.rsplit("/", 1)[-1].removeprefix("field-")
    shown = html.unescape(page.get(f"/classify/atlas/{read}/", headers={"accept-language": "de"}).content.decode())
    assert len(body) > 50
    assert [line for line in body.split("\n\n") if line.removeprefix("# ").removeprefix("AST: ") not in shown] == []
    assert "data-unsaved" in started.content.decode()
    assert not GuideText.objects.exists()
    assert page.post(f"{GUIDES}{place}/de/?built-in", {"body": body, "based_on": 0}).status_code == 302
    assert GuideText.objects.get().body == body
    assert page.get(f"{GUIDES}{place}/de/?built-in").context["starts"] is False


def test_headings_of_the_built_in_field_guide_are_names_and_labels_only_where_they_are_edited(page, workflow):
    Survey.objects.update(classes=["CR"])
    free = make_subject(workflow.survey, "free", "CR")
    (entry,) = page.get("/classify/atlas/guide/").context["entries"]
    assert (entry.section.title, entry.examples) == ("Cosmic ray", [free])
    started = page.get(f"{GUIDES}field-guide/en/?built-in")
    assert started.context["form"].initial["body"].startswith("# CR: cosmic ray\n")


def test_without_a_workflow_there_is_no_built_in_text_to_start_from(workflow, page):
    workflow.delete()
    shown = page.get(f"{GUIDES}field-guide/en/?built-in")
    assert (shown.context["starts"], "Start from" in shown.content.decode()) == (False, False)


def test_a_classs_title_has_the_colon_of_the_language_and_is_still_that_classs(workflow):
    Survey.objects.update(classes=["BURN"])
    workflow.survey.refresh_from_db()
    title = built_in_markdown(workflow, GuideKind.FIELD_GUIDE, "fr").partition("\n")[0].removeprefix("# ")
    assert title == "BURN : colonne brûlée"
    assert class_of(workflow.survey, title) == "BURN"
