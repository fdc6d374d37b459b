"""An API token expires after its days, and with the password or second factor it was made with."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from webapp.accounts.models import ApiToken
from webapp.accounts.tokens import MOST, make_token
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


def key(password=PASSWORD):
    return Client().post("/api/token/", {"username": "ada", "password": password}).json()["token"]


def works(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client.get("/api/training-runs/").status_code != 401


def test_it_ends_with_the_password(browser):
    token = key()
    assert works(token)
    answer = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    assert browser.post("/accounts/password/change/", answer).status_code == 302
    assert not works(token)
    assert works(key(OTHER))


def test_it_ends_when_the_password_is_reset_by_mail(browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    token = key()
    Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    [address] = [word for word in mail.outbox[-1].body.split() if "/accounts/password/reset/key/" in word]
    somewhere = Client()
    page = somewhere.get(address[address.index("/accounts/") :])
    assert somewhere.post(page["Location"], {"password1": OTHER, "password2": OTHER}).status_code == 302
    assert not works(token)


def test_it_ends_when_the_sites_keeper_sets_another(browser, monkeypatch):
    token = key()
    monkeypatch.setattr("getpass.getpass", lambda prompt: OTHER)
    call_command("changepassword", "ada")
    assert not works(token)


def test_it_ends_when_a_code_is_asked_for_and_the_next_one_lives(ada, browser):
    token = key()
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert not works(token)
    assert works(make_token(ada))


def test_who_asks_for_one_is_logged_as_one_who_signs_in(ada, caplog):
    caplog.set_level("INFO", "webapp")
    for password in ("not-her-password-at-all", PASSWORD):
        Client().post("/api/token/", {"username": "ada", "password": password}, REMOTE_ADDR="2001:db8::7")
    told = [record.getMessage() for record in caplog.records if "2001:db8::7" in record.getMessage()]
    assert told == [
        "A sign-in failed, from 2001:db8::7.",
        f"Account {ada.pk} signed in through the API from 2001:db8::7.",
    ]
    assert "not-her-password" not in caplog.text


def test_it_ends_with_the_account(ada, browser):
    token = key()
    ada.is_active = False
    ada.save()
    assert not works(token)


def test_it_ends_after_its_days(ada, browser, settings):
    token = key()
    ApiToken.objects.update(created_at=timezone.now() - timedelta(days=89))
    assert works(token)
    settings.TOKEN_DAYS = 30
    assert not works(token)
    renewed = key()
    assert renewed != token
    assert works(renewed)


def test_an_account_has_many_and_another_one_ends_the_oldest(ada):
    tokens = [make_token(ada) for _ in range(MOST + 1)]
    assert [works(token) for token in tokens] == [False] + [True] * MOST


def test_a_program_revokes_its_own_and_a_session_all_of_them(browser):
    first, second = key(), key()
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {first}")
    assert program.delete("/api/token/").status_code == 204
    assert (works(first), works(second)) == (False, True)
    assert browser.delete("/api/token/", headers={"X-CSRFToken": "x"}).status_code == 204
    assert not works(second)


def test_neither_a_token_nor_an_open_session_makes_another_one(ada, browser):
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {make_token(ada)}")
    assert [client.post("/api/token/").status_code for client in (program, browser)] == [400, 400]
    assert ApiToken.objects.count() == 1


def test_a_bearer_token_is_refused_and_not_taken_for_a_stranger(ada):
    reply = APIClient(HTTP_AUTHORIZATION=f"Bearer {make_token(ada)}").get("/api/surveys/")
    assert reply.status_code == 401
    assert reply.json()["detail"] == "Send the token as “Authorization: Token …”, not as Bearer."


def test_what_is_stored_opens_nothing(ada):
    make_token(ada)
    [stored] = ApiToken.objects.values_list("digest", flat=True)
    assert not works(stored)


def test_recruits_of_the_demo_are_the_same_people_however_often_they_are_called():
    tokens = [member.token for _ in range(2) for member in recruit(3, seed=0, workflow="night")]
    people = get_user_model().objects.all()
    assert len(people) == 3
    assert all(works(token) for token in tokens)
    assert not any(user.has_usable_password() for user in people)
