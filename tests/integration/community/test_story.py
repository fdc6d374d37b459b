"""A survey's story: scientists write it in Markdown, and the front page shows it sanitised."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member, others

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


def test_scientists_write_it_and_the_front_page_tells_it(survey, client):
    response = browser(member(survey, "scientist")).post("/surveys/night/story/", {"story": TEXT})
    assert response.status_code == 302
    page = client.get("/").content.decode()
    assert "<strong>look</strong>" in page
    for harm in ("javascript:", "<script>alert", "elsewhere.example"):
        assert f'"{harm}' not in page
        assert harm not in page.replace("&lt;script&gt;", "").replace("[More](javascript:alert(1))", "")


def test_a_preview_stores_nothing(survey):
    client = browser(member(survey, "scientist"))
    page = client.post("/surveys/night/story/", {"story": "We *see*", "act": "preview"}).content.decode()
    assert "<em>see</em>" in page
    survey.refresh_from_db()
    assert survey.story == ""


def test_nobody_else_writes_it(survey):
    people = [*others(survey)[1:], browser(member(survey, "moderator"))]
    for each in people:
        assert each.post("/surveys/night/story/", {"story": "Ours"}).status_code == 403
    survey.refresh_from_db()
    assert survey.story == ""


def test_what_scientists_confirmed_is_counted_as_found(survey, client):
    rows = sky.subjects(survey, [True] * 4)
    for row, label, source in zip(rows, ["yes", "yes", "no", ""], ["ruling", "manifest", "ruling", ""], strict=True):
        row.gold_label, row.gold_source = label, source
        row.save()
    assert client.get("/").context["rows"][0]["figures"]["found"] == 1
