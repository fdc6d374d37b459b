"""Passwords are long rather than odd, kept as slow hashes, and neither cut nor limited to an alphabet."""

import re
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import global_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from tests.integration.people import account, browser
from webapp import settings as site
from webapp.accounts.passwords import EasilyGuessed

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-and-odd-sentence"
TAKEN = {
    "twelve characters": "odd sentence",
    "128 characters": "a long sentence of many different words, " + "wandering " * 8 + "comet 7",
    "any characters": "  Ünïcode ☄🔭 星 ",
    "one kind": "zzqxvwkjhpyb",
}
REFUSED = {
    "eleven characters": "odd sentenc",
    "129 characters": TAKEN["128 characters"] + "!",
    "common": "1qaz2wsx3edc",
    "common at Django, unknown to zxcvbn": "ihatethisgame",
    "a common one with digits": "iloveyou2026",
    "a word again and again": "wanderingwandering",
    "the site's name": "wanderers1234",
    "the name": "maria-sibylla",
}


def join(password, name="maria-sibylla"):
    client = Client()
    client.post("/accounts/signup/", {"username": name, "password1": password, "password2": password})
    return client


def signs_in(password, name="maria-sibylla"):
    return Client().post("/accounts/login/", {"login": name, "password": password}).status_code == 302


@pytest.mark.parametrize("kind", TAKEN)
def test_a_long_password_is_taken_as_it_is_typed(kind):
    password = TAKEN[kind]
    assert "sessionid" in join(password).cookies
    assert signs_in(password)
    assert not signs_in(password[:-1]), "nothing of it was cut off"


@pytest.mark.parametrize("kind", REFUSED)
def test_a_weak_password_and_an_endless_one_are_refused(kind):
    join(REFUSED[kind])
    assert not get_user_model().objects.exists()


def test_the_refusal_says_what_makes_it_weak_and_what_to_do():
    form = {"username": "maria-sibylla", "password1": "qwertyuiopas", "password2": "qwertyuiopas"}
    text = Client().post("/accounts/signup/", form).content.decode()
    assert "close to a common password" in text
    assert "Add a word or two" in text


@pytest.mark.parametrize("signs", ["@({[<!|$%+", "@({$", "l1|0O5$aA@4eE3"])
def test_no_password_takes_long_to_check(signs):
    """As many as a form may send; a hash of Django's takes longer."""
    begin = time.process_time()
    with suppress(ValidationError):
        EasilyGuessed().validate((signs + "4869130572abet") * 70_000)
    assert time.process_time() - begin < 0.5


def test_passwords_are_kept_as_slow_hashes_with_a_salt_of_each_account(settings):
    settings.PASSWORD_HASHERS = getattr(site, "PASSWORD_HASHERS", global_settings.PASSWORD_HASHERS)
    first, second = (make_password(PASSWORD).split("$") for _ in range(2))
    assert first[0] == "pbkdf2_sha256"
    assert int(first[1]) >= 600_000
    assert len(first[2]) >= 22
    assert {*first[2:]}.isdisjoint(second[2:])


@pytest.mark.parametrize("page", ["login", "signup", "password/change"])
def test_password_managers_know_which_password_is_asked_for(page):
    text = browser(account("ada", password=make_password(PASSWORD)) if "change" in page else None)
    fields = re.findall(r"<input[^>]*type=\"password\"[^>]*>", text.get(f"/accounts/{page}/").content.decode())
    assert fields
    assert [field for field in fields if not re.search(r'autocomplete="(new|current)-password"', field)] == []


@pytest.mark.parametrize("page", ["login", "signup", "password/change", "password/reset"])
def test_what_is_secret_is_posted_and_never_part_of_an_address(page):
    user = account("ada", password=make_password(PASSWORD)) if "change" in page else None
    text = browser(user).get(f"/accounts/{page}/").content.decode()
    forms = re.findall(r"<form[^>]*>", text.partition("<main")[2])
    assert forms
    assert [form for form in forms if 'method="post"' not in form] == []


@pytest.mark.parametrize("page", ["login", "signup"])
def test_nobody_is_asked_for_a_hint_or_a_secret_question(page):
    asked = re.findall(r"<input[^>]*name=\"([^\"]+)\"", Client().get(f"/accounts/{page}/").content.decode())
    assert not {name for name in asked if re.search("hint|question|phone", name)}


def test_no_password_grows_old():
    user = account("ada", password=make_password(PASSWORD))
    user.last_login = user.date_joined = timezone.now() - timedelta(days=4000)
    user.save()
    assert signs_in(PASSWORD, name="ada")


def test_a_site_begins_without_accounts():
    assert not get_user_model().objects.exists()
