"""Signing in reveals no accounts, and strangers can't take an address or lock out its owner."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache
from django.test import Client

from webapp.api.token_views import NameThrottle

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def forgetful_limits():
    cache.clear()


@pytest.fixture
def ada():
    user = get_user_model().objects.create_user("ada", "ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email="ada@example.org", primary=True, verified=True)
    return user


def sign_up(name, email):
    browser = Client()
    form = {"username": name, "email": email, "password1": PASSWORD, "password2": PASSWORD}
    answer = browser.post("/accounts/signup/", form)
    page = browser.get("/accounts/email/").content.decode()
    return (
        answer.status_code,
        answer.get("Location"),
        re.sub(r"value=\"\w{64}\"|data-unsent=\"\d+\"", "", page).replace(email, "ADDRESS"),
    )


def test_one_signs_in_by_either_name_as_the_form_says(ada):
    page = Client().get("/accounts/login/").content.decode()
    assert all(f">{label}</label>" in page for label in ("Username or email", "Password", "Keep me signed in"))
    for name in ("ada", "ada@example.org"):
        browser = Client()
        browser.post("/accounts/login/", {"login": name, "password": PASSWORD})
        assert "_auth_user_id" in browser.session, name


def test_a_taken_address_looks_at_sign_up_as_a_free_one_does(ada):
    taken, free = sign_up("eve", "Ada@example.org".lower()), sign_up("eva", "new@example.org")
    assert (taken[:2], taken[2].replace("eve", "eva")) == (free[:2], free[2])
    assert EmailAddress.objects.get(email="ada@example.org", verified=True).user == ada
    assert not EmailAddress.objects.filter(user__username="eve", verified=True).exists()


def test_a_taken_address_looks_at_a_change_as_a_free_one_does(ada):
    said = []
    for name, email in (("eve", "ada@example.org"), ("eva", "new@example.org")):
        browser = Client()
        browser.force_login(get_user_model().objects.create_user(name))
        answer = browser.post("/accounts/email/", {"email": email, "action_add": ""})
        said.append((answer.status_code, answer.get("Location")))
    assert said[0] == said[1]
    assert not EmailAddress.objects.filter(user__username="eve", verified=True).exists()


def test_an_address_that_somebody_else_named_signs_in_its_owner(ada):
    sign_up("eve", "ada@example.org")
    browser = Client()
    browser.post("/accounts/login/", {"login": "ada@example.org", "password": PASSWORD})
    assert int(browser.session["_auth_user_id"]) == ada.pk


def tried(browser, password, **asked):
    answer = browser.post("/accounts/login/", {"login": "ada", "password": password}, **asked)
    return "in" if answer.status_code == 302 else "late" if "Too many" in answer.content.decode() else "wrong"


def test_guesses_from_elsewhere_keep_nobody_out(ada):
    attacker = [tried(Client(), str(n), REMOTE_ADDR="203.0.113.1") for n in range(7)]
    assert attacker == ["wrong"] * 5 + ["late"] * 2
    assert tried(Client(), PASSWORD, REMOTE_ADDR="203.0.113.1") == "late"
    assert tried(Client(), PASSWORD, REMOTE_ADDR="198.51.100.2") == "in"


def test_guesses_from_everywhere_keep_no_known_device_out(ada):
    own = Client()
    assert tried(own, PASSWORD) == "in"
    own.post("/accounts/logout/")
    guesses = [tried(Client(), str(n), REMOTE_ADDR=f"2001:db8:{n:x}::1") for n in range(32)]
    assert guesses == ["wrong"] * 30 + ["late"] * 2
    assert tried(Client(), PASSWORD, REMOTE_ADDR="198.51.100.2") == "late"
    assert tried(own, PASSWORD, REMOTE_ADDR="198.51.100.2") == "in"


def test_a_device_that_knows_somebody_else_is_no_known_one(ada):
    get_user_model().objects.create_user("eve", password=PASSWORD)
    eves = Client()
    eves.post("/accounts/login/", {"login": "eve", "password": PASSWORD})
    eves.post("/accounts/logout/")
    assert [tried(eves, str(n)) for n in range(6)] == ["wrong"] * 5 + ["late"]


def test_a_forged_device_is_none(ada):
    forged = Client()
    forged.cookies["known-device"] = f'["x", [{ada.pk}]]:forged'
    assert [tried(forged, str(n)) for n in range(6)] == ["wrong"] * 5 + ["late"]


def test_an_account_is_guessed_at_no_more_than_a_hundred_times_an_hour(ada, monkeypatch):
    monkeypatch.setattr(NameThrottle, "timer", staticmethod(lambda: 1e9))
    attempts = guesses = 0
    for name in ("ada", "ada@example.org"):
        for _n in range(35):
            asked = {"REMOTE_ADDR": f"2001:db8:{attempts:x}::1"}
            attempts += 1
            page = Client().post("/accounts/login/", {"login": name, "password": "a guess"}, **asked)
            guesses += "Too many" not in page.content.decode()
            reply = Client().post("/api/token/", {"username": name, "password": "a guess"}, **asked)
            guesses += reply.status_code != 429
    assert 0 < guesses <= 100


def test_a_failed_sign_in_is_logged_without_what_was_typed(ada, caplog):
    typed = {"login": "ada", "password": "not-her-password-at-all"}
    Client().post("/accounts/login/", typed, REMOTE_ADDR="2001:db8::7")
    [line] = [record.getMessage() for record in caplog.records if "sign-in failed" in record.getMessage()]
    assert line == "A sign-in failed, from 2001:db8::7."


def test_a_sign_in_is_logged_and_its_owner_told_of_a_new_device(ada, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    caplog.set_level("INFO", "webapp.accounts")
    browser = Client()
    assert tried(browser, PASSWORD) == "in"
    assert f"Account {ada.pk} signed in from 127.0.0.1, on a new device." in caplog.text
    [told] = mail.outbox
    assert (told.to, told.subject) == (["ada@example.org"], "[Wanderers] New sign-in")
    assert "Hello from Wanderers!" in told.body
    assert "127.0.0.1" in told.body
    assert PASSWORD not in told.body + caplog.text
    browser.post("/accounts/logout/")
    assert tried(browser, PASSWORD) == "in"
    assert len(mail.outbox) == 1, "the device is known now"


def test_an_address_adds_no_header_to_a_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sign_up("eva", "new@example.org\r\nBcc: spy@example.org")
    assert not EmailAddress.objects.filter(email__contains="spy").exists()
    assert [each for each in mail.outbox if "spy@example.org" in each.message().as_string()] == []


def test_nobody_is_told_of_their_own_sign_up(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sign_up("eva", "new@example.org")
    assert "New sign-in" not in [each.subject for each in mail.outbox]
