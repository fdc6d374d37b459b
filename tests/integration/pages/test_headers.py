"""The Content Security Policy allows only the site's own scripts."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def policy(response):
    parts = response["Content-Security-Policy"].split("; ")
    return {name: sources.split() for name, _, sources in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/api/docs/", "/api/surveys/", "/nowhere/", "/health/"])
def test_every_answer_says_what_may_run(page):
    response = Client().get(page)
    said = policy(response)
    assert said["script-src"] == ["'self'"]
    assert (said["object-src"], said["base-uri"], said["frame-ancestors"]) == (["'none'"],) * 3
    assert "camera=()" in response["Permissions-Policy"]
    assert page == "/health/" or response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page == "/health/" or response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("page", ["/", "/accounts/login/", "/accounts/signup/", "/api/docs/", "/nowhere/"])
def test_no_page_has_scripts_within_it(page):
    text = Client().get(page).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text)
    assert not re.search(r"<[^>]+\son\w+=", text)
    assert "javascript:" not in text
