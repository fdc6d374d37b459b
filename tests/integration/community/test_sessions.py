"""A session's key changes at sign-in, and a new password ends the sessions that were opened with the old one."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.integration.people import account, is_signed_in, signed_in

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


def test_the_key_that_somebody_had_before_signing_in_opens_nothing(ada):
    client = Client()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    signed_in("ada", PASSWORD, client)
    assert is_signed_in(client)
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert not is_signed_in(thief)
    assert not Session.objects.filter(session_key=planted).exists()


def test_keys_are_long_random_and_in_no_address(ada):
    clients = [signed_in("ada", PASSWORD) for _ in range(3)]
    keys = {client.session.session_key for client in clients}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}, "of 36 signs: 165 bits"
    stranger = Client()
    assert not is_signed_in(stranger)
    stranger.get("/", {"sessionid": keys.pop()})
    assert not is_signed_in(stranger)


def test_signing_out_ends_the_session_for_whoever_kept_its_key(ada):
    client = signed_in("ada", PASSWORD)
    kept = Client()
    kept.cookies["sessionid"] = client.session.session_key
    assert is_signed_in(kept)
    client.post("/accounts/logout/")
    assert not is_signed_in(client)
    assert not is_signed_in(kept)


def test_scripts_and_other_sites_do_not_get_the_key(ada):
    cookie = signed_in("ada", PASSWORD).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_changed_password_ends_the_other_sessions(ada):
    here, there = signed_in("ada", PASSWORD), signed_in("ada", PASSWORD)
    assert is_signed_in(there)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", form | {"oldpassword": WRONG}).status_code == 200
    assert is_signed_in(there), "a wrong password changes nothing"
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_a_password_that_is_set_by_mail_ends_all_sessions(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    there, elsewhere = signed_in("ada", PASSWORD), Client()
    elsewhere.post("/accounts/password/reset/", {"email": "ada@example.org"})
    [address] = re.findall(r"/accounts/password/reset/key/\S+", mail.outbox[-1].body)
    form = elsewhere.get(address)
    elsewhere.post(form["Location"], {"password1": NEW, "password2": NEW})
    assert not is_signed_in(there)
    assert is_signed_in(signed_in("ada", NEW))
