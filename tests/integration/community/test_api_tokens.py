"""The page of API tokens: each is shown once, can be revoked, and belongs to one account."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework.test import APIClient

from tests.integration.people import account, browser, signed_in
from webapp.accounts.models import ApiToken
from webapp.accounts.tokens import make_token

pytestmark = pytest.mark.django_db
PAGE, PASSWORD = "/you/tokens/", "correct horse battery"


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada", "ada@example.org", PASSWORD)


def confirmed(name):
    """Sign in, and give the password again, as the page asks for it."""
    client = signed_in(name, PASSWORD)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def made_on(page):
    [token] = re.findall(r'<code id="made">([^<]+)</code>', page.content.decode())
    return token


def works(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client.get("/api/training-runs/").status_code != 401


def test_a_token_is_shown_once_and_works(ada):
    client = confirmed("ada")
    assert "No tokens yet." in client.get(PAGE).content.decode()
    page = client.post(PAGE, {"name": "nightly export"})
    token = made_on(page)
    assert works(token)
    assert "no-store" in page["Cache-Control"]
    later = client.get(PAGE).content.decode()
    assert "nightly export" in later
    assert token not in later


def test_it_needs_a_name(ada):
    page = confirmed("ada").post(PAGE, {"name": " "})
    assert (page.status_code, "This field is required" in page.content.decode()) == (400, True)
    assert not ApiToken.objects.exists()


def test_a_session_left_open_makes_none_without_the_password(ada):
    client = signed_in("ada", PASSWORD)
    asked = client.post(PAGE, {"name": "mine now"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    assert works(made_on(client.post(asked["Location"], {"password": PASSWORD}, follow=True)))


def test_a_revoked_one_is_refused(ada):
    token = make_token(ada, "old laptop")
    client = signed_in("ada", PASSWORD)
    page = client.post(f"{PAGE}{ApiToken.objects.get().pk}/revoke/", follow=True)
    assert "Token revoked." in page.content.decode()
    assert not works(token)


def test_one_from_before_a_second_factor_stays_refused_after_the_factor_has_gone(ada):
    token = make_token(ada, "old laptop")
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP" * 2)
    assert not works(token)
    client = browser(ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/2fa/totp/deactivate/")
    assert not is_mfa_enabled(ada)
    assert not works(token)


def test_nobody_sees_or_revokes_those_of_others(ada):
    token = make_token(ada, "nightly export")
    address = f"{PAGE}{ApiToken.objects.get().pk}/revoke/"
    eve = browser(account("eve"))
    assert "nightly export" not in eve.get(PAGE).content.decode()
    assert eve.post(address).status_code == 404
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")
    assert [Client().post(each).status_code for each in (address, PAGE)] == [403, 403]
    assert works(token)
