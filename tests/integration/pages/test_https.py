"""With HTTPS=1 everything is asked over HTTPS, browsers remember that, and no cookie travels without it."""

import os
import subprocess
import sys
from ast import literal_eval

import pytest
from django.test import Client

from tests.integration.people import account

pytestmark = pytest.mark.django_db
PHRASE = "correct horse battery"
READ = """
from webapp import settings
names = [name for name in dir(settings) if name.startswith("SECURE_") or name.endswith(("_SECURE", "_COOKIE_NAME"))]
print({name: getattr(settings, name) for name in names})
"""


@pytest.fixture(params=[{"HTTPS": "1"}, {}], ids=["with", "without"])
def is_https(request, settings):
    """Use the site's settings as a fresh start reads them from the environment."""
    command = [sys.executable, "-c", READ]
    said = subprocess.run(command, env=os.environ | request.param, capture_output=True, text=True, check=True)
    for name, value in literal_eval(said.stdout).items():
        setattr(settings, name, value)
    return bool(request.param)


def test_pages_lead_to_https_and_browsers_stay_there_for_a_year(is_https):
    client = Client()
    plain, behind_proxy = (
        client.get("/accounts/login/", headers=sent) for sent in ({}, {"X-Forwarded-Proto": "https"})
    )
    assert behind_proxy.status_code == 200
    if is_https:
        assert (plain.status_code, plain["Location"]) == (301, "https://testserver/accounts/login/")
        assert behind_proxy["Strict-Transport-Security"] == "max-age=31536000"
    else:
        assert plain.status_code == 200
        assert "Strict-Transport-Security" not in behind_proxy
    assert client.get("/health/live/").status_code == 200, "monitors ask by the machine's address"


def test_cookies_travel_over_https_only(is_https):
    user = account("ada")
    user.set_password(PHRASE)
    user.save()
    client = Client(headers={"X-Forwarded-Proto": "https"})
    client.get("/accounts/login/")
    client.post("/accounts/login/", {"login": "ada", "password": PHRASE})
    session = "__Host-sessionid" if is_https else "sessionid"
    assert {"csrftoken", session} <= client.cookies.keys()
    assert (client.cookies[session]["path"], client.cookies[session]["domain"]) == ("/", "")
    assert {bool(cookie["secure"]) for cookie in client.cookies.values()} == {is_https}
