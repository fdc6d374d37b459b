"""The site speaks the language that its reader chose, else one that the browser asks for."""

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_browsers_language_is_spoken(client):
    page = client.get("/", headers={"Accept-Language": "pt, de;q=0.9"}).content.decode()
    assert '<html lang="de" dir="ltr">' in page
    assert "Zum Inhalt springen" in page


def test_an_unknown_language_is_english(client):
    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "tlh"}).content.decode()


def test_a_choice_is_remembered_and_outranks_the_browser(client):
    response = client.post("/language/", {"language": "fr", "next": "/accounts/login/"})
    assert response.url == "/accounts/login/"
    assert response.cookies["django_language"]["max-age"] > 300 * 24 * 3600
    page = client.get("/", headers={"Accept-Language": "de"}).content.decode()
    assert "Aller au contenu" in page


def test_the_switch_leads_nowhere_else(client):
    assert client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"}).url == "/"


def test_scripts_get_the_texts_of_the_pages_language(client):
    page = client.get("/", headers={"Accept-Language": "es"})
    response = client.get(page.context["texts_address"])
    assert "/texts/es/" in page.context["texts_address"]
    assert "django.ngettext" in response.content.decode()
    assert "immutable" in response.headers["Cache-Control"]
    assert "Vary" not in response.headers
    assert len(response.content) < 60_000


def test_texts_of_another_version_are_not_kept_for_good(client):
    assert "Cache-Control" not in client.get("/texts/de/older.js").headers


def test_a_language_that_is_not_spoken_has_no_texts(client):
    assert client.get("/texts/tlh/x.js").status_code == 404


def test_nothing_lacks_a_translation_and_the_compiled_files_match():
    call_command("translations", check=True, verbosity=0)
