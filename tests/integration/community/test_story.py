"""A survey's project page: scientists write its texts in Markdown, and it shows them sanitised, with what was found."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import account, browser, member, others
from tests.integration.world import vote
from webapp.community.models import Profile
from webapp.review.rulings import rule
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db

TEXT = (
    "# Why\n\nWe **look**. [More](javascript:alert(1)) <script>alert(2)</script> ![x](https://elsewhere.example/x.png)"
)


@pytest.fixture(autouse=True)
def _no_remembered_figures(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.mark.parametrize("field", ["story", "team", "faq"])
def test_scientists_write_it_and_the_project_page_tells_it(survey, client, field):
    response = browser(member(survey, "scientist")).post("/surveys/night/story/", {field: TEXT})
    assert response.status_code == 302
    page = client.get("/surveys/night/project/").content.decode()
    assert "<strong>look</strong>" in page
    for harm in ("javascript:", "<script>alert", "elsewhere.example"):
        assert f'"{harm}' not in page
        assert harm not in page.replace("&lt;script&gt;", "").replace("[More](javascript:alert(1))", "")


def test_a_preview_stores_nothing(survey):
    client = browser(member(survey, "scientist"))
    page = client.post("/surveys/night/story/", {"story": "We *see*", "act": "preview"}).content.decode()
    assert "<em>see</em>" in page
    assert "not saved yet" in page
    survey.refresh_from_db()
    assert survey.story == ""


def test_nobody_else_writes_it(survey):
    people = [*others(survey)[1:], browser(member(survey, "moderator"))]
    for each in people:
        assert each.post("/surveys/night/story/", {"story": "Ours", "faq": "Ours"}).status_code == 403
    survey.refresh_from_db()
    assert survey.story == survey.faq == ""


def test_the_project_page_starts_names_the_team_and_tells_what_was_found(survey, client):
    workflow = sky.workflow(survey, undo_seconds=0)
    sky.queue(workflow, sky.subjects(survey, [True, False]))
    scientist, shy = member(survey, "scientist", "Vera"), member(survey, "scientist", "shy")
    Profile.objects.create(user=scientist, credit="user-name")
    Profile.objects.create(user=shy)
    page = client.get("/surveys/night/project/").content.decode()
    assert f'href="/classify/{workflow.slug}/"' in page
    assert "Vera <span" in page
    assert "shy" not in page
    assert "Nothing is confirmed yet" in page
    ada = account("ada")
    Profile.objects.create(user=ada, credit="user-name")
    found = survey.subjects.order_by("pk")[0]
    vote(account_volunteer(ada), workflow, found)
    rule(subject=found, workflow=workflow, scientist=scientist, verdict="yes")
    link = f'href="/surveys/night/subjects/{found.pk}/"'
    for reader, is_shown in ((browser(ada), True), (browser(), False), (browser(account("newcomer")), False)):
        page = reader.get("/surveys/night/project/").content.decode()
        assert "ada" in page
        assert (link in page) == is_shown  # a confirmed mover may be somebody's practice


def test_what_scientists_confirmed_is_counted_as_found(survey, client):
    rows = sky.subjects(survey, [True] * 4)
    for row, label, source in zip(rows, ["yes", "yes", "no", ""], ["ruling", "manifest", "ruling", ""], strict=True):
        row.gold_label, row.gold_source = label, source
        row.save()
    assert client.get("/").context["rows"][0]["figures"]["found"] == 1
