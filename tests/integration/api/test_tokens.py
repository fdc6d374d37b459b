"""An API token expires after its days, and with the password or second factor it was made with."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from webapp.console.demo.simulated_crowd import recruit

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "correct horse battery", "a new staple 77"


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada", "ada@example.org", PASSWORD)


@pytest.fixture
def browser(ada):
    client = Client()
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    return client


def key(browser):
    return browser.post("/api/token/").json()["token"]


def works(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client.get("/api/training-runs/").status_code != 401


def test_it_ends_with_the_password(browser):
    token = key(browser)
    assert works(token)
    answer = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert browser.post("/accounts/password/change/", answer).status_code == 302
    assert not works(token)
    assert works(key(browser))


def test_it_ends_when_the_password_is_reset_by_mail(browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    token = key(browser)
    Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    [address] = [word for word in mail.outbox[-1].body.split() if "/accounts/password/reset/key/" in word]
    somewhere = Client()
    page = somewhere.get(address[address.index("/accounts/") :])
    assert somewhere.post(page["Location"], {"password1": OTHER, "password2": OTHER}).status_code == 302
    assert not works(token)


def test_it_ends_when_the_sites_keeper_sets_another(browser, monkeypatch):
    token = key(browser)
    monkeypatch.setattr("getpass.getpass", lambda prompt: OTHER)
    call_command("changepassword", "ada")
    assert not works(token)


def test_it_ends_when_a_code_is_asked_for_and_the_next_one_lives(ada, browser):
    token = key(browser)
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert not works(token)
    renewed = key(browser)
    assert renewed != token
    assert works(renewed)


def test_it_ends_with_the_account(ada, browser):
    token = key(browser)
    ada.is_active = False
    ada.save()
    assert not works(token)


def test_it_ends_after_its_days_and_is_given_anew(ada, browser, settings):
    token = key(browser)
    Token.objects.update(created=timezone.now() - timedelta(days=89))
    assert works(token)
    assert key(browser) == token
    settings.TOKEN_DAYS = 30
    assert not works(token)
    renewed = key(browser)
    assert renewed != token
    assert works(renewed)


def test_recruits_of_the_demo_keep_theirs_however_often_they_are_called():
    first = [member.token for member in recruit(3, seed=0, workflow="night")]
    again = [member.token for member in recruit(3, seed=0, workflow="night")]
    assert first == again
    assert all(works(token) for token in first)
    assert not any(user.has_usable_password() for user in get_user_model().objects.all())
