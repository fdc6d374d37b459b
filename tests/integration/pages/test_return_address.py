"""Whoever signs in, or chooses another language, on a page that answers a form comes back to a page they can open."""

import re

import pytest
from django.test import Client

from tests.integration.people import account, browser, member
from tests.integration.world import make_workflow

pytestmark = pytest.mark.django_db
HERE = "http://testserver"
NEXT = re.compile(r'name="next" value="([^"]*)"')


@pytest.fixture
def survey():
    return make_workflow(subjects=1).survey


def test_an_anonymous_comment_leads_to_the_page_it_was_written_on_after_sign_in(survey):
    subject = survey.subjects.first()
    page = f"/surveys/atlas/subjects/{subject.pk}/"
    posted = Client(headers={"referer": f"{HERE}{page}?frame=1"}).post(
        f"/talk/about/{subject.pk}/", {"body": "Round, with a tail."}
    )
    assert posted.status_code == 403
    text = posted.content.decode()
    assert f"/accounts/login/?next={page}%3Fframe%3D1" in text
    assert text.count("Nothing was changed.") == 1
    assert "for the role" not in text, "signing in is enough"


def test_another_language_on_a_form_with_errors_leads_to_the_form(survey):
    admin = browser(member(survey, "admin"))
    form = "/surveys/atlas/ingest/"
    page = admin.post(f"{form}start/", {}, headers={"referer": f"{HERE}{form}"})
    assert page.status_code == 400
    (back,) = set(NEXT.findall(page.content.decode()))
    assert back == form
    assert admin.post("/language/", {"next": back, "language": "es"})["Location"] == form


@pytest.mark.parametrize("sent_from", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_no_other_site_is_led_to(survey, sent_from):
    page = Client(headers={"referer": sent_from}).post("/talk/about/1/", {"body": "x"})
    assert set(NEXT.findall(page.content.decode())) <= {"/"}
    assert '?next=/"' in page.content.decode()


def test_whoever_lacks_a_role_is_told_whom_to_ask(survey):
    page = browser(account("stranger")).get("/surveys/atlas/review/").content.decode()
    assert "This page is for the scientists of ATLAS. Nothing was changed. If you need access, ask an admin" in page


def test_an_address_that_only_takes_forms_is_a_page_for_readers(survey):
    page = Client().get("/talk/about/1/")
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "only takes what a form sends" in page.content.decode()
