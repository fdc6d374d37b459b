"""The Content Security Policy allows only the site's own scripts and styles."""

import re
from pathlib import Path

import pytest
from django.test import Client

from tests.integration.learning import sky
from webapp.archive.models import Subject, Survey

pytestmark = pytest.mark.django_db


def policy(response):
    parts = response["Content-Security-Policy"].split("; ")
    return {name: sources.split() for name, _, sources in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/api/docs/", "/api/surveys/", "/nowhere/", "/health/"])
def test_every_answer_says_what_may_run(page):
    response = Client().get(page)
    said = policy(response)
    assert said["script-src"] == said["style-src"] == ["'self'"]
    assert (said["object-src"], said["base-uri"], said["frame-ancestors"]) == (["'none'"],) * 3
    assert "camera=()" in response["Permissions-Policy"]
    assert page == "/health/" or response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page == "/health/" or response["X-Content-Type-Options"] == "nosniff"
    assert page == "/health/" or response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/api/surveys/", "/api/schema/", "/nowhere/", "/health/"])
def test_every_answer_names_its_type_and_pages_their_alphabet(page):
    kind, _, alphabet = Client().get(page)["Content-Type"].partition("; ")
    assert kind in {"text/html", "application/json", "application/vnd.oai.openapi"}
    assert alphabet == "charset=utf-8" or kind != "text/html"


@pytest.mark.parametrize("page", ["/api/surveys/", "/api/training-runs/", "/api/nowhere/"])
def test_the_apis_json_is_a_file_and_no_page(page):
    assert Client().get(page)["Content-Disposition"] == 'attachment; filename="api.json"'


def test_pages_and_what_their_scripts_ask_for_are_shown():
    assert "Content-Disposition" not in Client().get("/api/docs/")
    assert "Content-Disposition" not in Client().get("/health/")
    assert "Content-Disposition" not in Client(headers={"Sec-Fetch-Dest": "empty"}).get("/api/surveys/")


@pytest.mark.parametrize("page", ["/", "/you/", "/accounts/2fa/", "/accounts/password/change/", "/api/docs/"])
def test_no_shared_cache_keeps_what_is_for_one_person(page, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create(username="ada"))
    reply = client.get(page)
    assert reply.status_code == 200
    assert {"private", "no-store"} & {part.strip() for part in reply["Cache-Control"].split(",")}


ABOUT_PEOPLE = """
/you/ /you/recent/ /you/tokens/ /accounts/email/ /users/ /users/{person}/ /audit-log/ /skill/ /surveys/atlas/quality/
/surveys/atlas/consensus/subjects/{subject}/
"""


@pytest.mark.parametrize("page", ABOUT_PEOPLE.split())
def test_no_browser_stores_pages_about_people(page, django_user_model, survey):
    boss = django_user_model.objects.create_superuser("boss")
    place = {"zarr_array": "1x1x21x21-float32", "zarr_index": 0, "checksum": "one"}
    subject = Subject.objects.create(survey=survey, external_id="one", kind="stamp", **place)
    sky.queue(sky.workflow(survey), [subject])
    client = Client()
    client.force_login(boss)
    response = client.get(page.format(person=boss.pk, subject=subject.pk))
    assert response.status_code == 200
    assert {"no-store", "private"} <= {part.strip() for part in response["Cache-Control"].split(",")}


@pytest.mark.parametrize("page", ["/", "/surveys/atlas/"])
def test_other_pages_are_there_at_once_when_one_goes_back(page, survey):
    assert "no-store" not in Client().get(page).get("Cache-Control", "")


@pytest.mark.parametrize("page", ["/", "/api/surveys/", "/accounts/login/"])
def test_no_other_site_may_read_an_answer(page):
    response = Client().get(page, headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://testserver", "null"])
def test_where_a_request_says_it_comes_from_opens_nothing(origin):
    answer = Client(enforce_csrf_checks=True).post(
        "/api/surveys/", {"slug": "mine", "name": "Mine"}, "application/json", headers={"Origin": origin}
    )
    assert answer.status_code in {401, 403}
    assert not Survey.objects.exists()


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/accounts/signup/", "/api/docs/", "/nowhere/"])
def test_no_page_has_scripts_or_styles_within_it(page):
    text = Client().get(page).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text)
    assert not re.search(r"<[^>]+\s(on\w+|style)=|<style", text)
    assert "javascript:" not in text


def test_no_template_has_a_style_that_browsers_would_ignore():
    pages = [path for path in Path("templates").rglob("*.html") if not path.stem.endswith("_mail")]
    assert len(pages) > 100
    assert [str(path) for path in pages if re.search(r"<[^>]+\sstyle=", path.read_text())] == []


def test_the_page_of_errors_styles_itself_by_a_nonce_that_is_new_each_time(settings, monkeypatch):
    settings.METRICS_TOKEN = "hush"
    monkeypatch.setattr("webapp.operations.prometheus.exposition", lambda: 1 / 0)
    client = Client(raise_request_exception=False, headers={"Authorization": "Bearer hush"})
    nonces = set()
    for _ in range(2):
        response = client.get("/metrics/")
        (nonce,) = re.findall(r'<style nonce="([^"]+)">', response.content.decode())
        assert (response.status_code, policy(response)["style-src"]) == (500, ["'self'", f"'nonce-{nonce}'"])
        nonces.add(nonce)
    assert len(nonces) == 2
