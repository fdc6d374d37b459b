"""A session's key changes at sign-in, and a new password ends the sessions that were opened with the old one."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.integration.people import account

pytestmark = pytest.mark.django_db
PASSWORD, NEW, WRONG = "a-long-and-odd-sentence", "an-odder-and-longer-sentence", "a guess"


@pytest.fixture(autouse=True)
def forgetful_limits():
    cache.clear()


@pytest.fixture
def ada():
    user = account("ada", email="ada@example.org")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, password=PASSWORD):
    client.post("/accounts/login/", {"login": "ada", "password": password})
    return client


def is_signed_in(client):
    return client.get("/you/").status_code == 200


def test_the_key_that_somebody_had_before_signing_in_opens_nothing(ada):
    client = Client()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    sign_in(client)
    assert is_signed_in(client)
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert not is_signed_in(thief)
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_changed_password_ends_the_other_sessions(ada):
    here, there = sign_in(Client()), sign_in(Client())
    assert is_signed_in(there)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", form | {"oldpassword": WRONG}).status_code == 200
    assert is_signed_in(there), "a wrong password changes nothing"
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_a_password_that_is_set_by_mail_ends_all_sessions(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    there, elsewhere = sign_in(Client()), Client()
    elsewhere.post("/accounts/password/reset/", {"email": "ada@example.org"})
    [address] = re.findall(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    form = elsewhere.get(address)
    elsewhere.post(form["Location"], {"password1": NEW, "password2": NEW})
    assert not is_signed_in(there)
    assert is_signed_in(sign_in(Client(), NEW))
