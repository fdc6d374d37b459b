"""A site can require two-factor sign-in of scientists and admins; people see and end their sessions."""

import os
import subprocess
import sys
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestedCredentialData

from tests.integration.learning import sky
from tests.integration.people import account, browser, member
from webapp.accounts.sessions import forget_ended_sessions
from webapp.archive.models import Membership, Role
from webapp.core.environment import ROOT

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-and-odd-sentence"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.fixture
def required(settings):
    settings.MFA_REQUIRED_FROM = "scientist"


def give_factor(user):
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})


def test_a_security_key_is_asked_something_new_each_time():
    page = browser(account("ada"))
    asked = [
        page.get("/accounts/2fa/webauthn/add/").context["js_data"]["creation_options"]["publicKey"]["challenge"]
        for _ in range(2)
    ]
    assert [len(urlsafe_b64decode(f"{each}==")) for each in asked] == [32, 32]
    assert asked[0] != asked[1]


@pytest.mark.parametrize("has_key", [False, True])
def test_a_key_is_asked_for_only_if_the_account_has_one(monkeypatch, has_key):
    give_factor(account("ada", password=make_password(PASSWORD)))
    keys = [AttestedCredentialData.create(Aaguid.NONE, b"a key", ES256({1: 2, 3: -7}))] if has_key else []
    monkeypatch.setattr("allauth.mfa.webauthn.internal.auth.get_credentials", lambda user: keys)
    page = Client().post("/accounts/login/", {"login": "ada", "password": PASSWORD}, follow=True).content.decode()
    assert "Two-factor sign-in" in page
    assert ("Use a security key" in page) == has_key


@pytest.mark.parametrize("page", ["totp/activate", "webauthn/add"])
def test_without_mail_an_address_that_nobody_can_confirm_keeps_nobody_from_a_second_factor(settings, page):
    user = account("ada", password=make_password(PASSWORD))
    EmailAddress.objects.create(user=user, email="ada@example.org", primary=True, verified=False)
    client = Client()
    client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    assert client.get(f"/accounts/2fa/{page}/").url == "/accounts/2fa/"
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = True
    asked = client.get(f"/accounts/2fa/{page}/").url
    assert client.post(asked, {"password": PASSWORD}, follow=True).redirect_chain[-1] == (f"/accounts/2fa/{page}/", 302)


def test_with_mail_the_address_must_be_confirmed_first():
    tell = "from webapp import settings; print(settings.MFA_ALLOW_UNVERIFIED_EMAIL)"
    for address, is_allowed in (("console:", "True"), ("smtp://mail.example.org", "False")):
        command, environment = [sys.executable, "-c", tell], os.environ | {"EMAIL_URL": address}
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert said.stdout.strip() == is_allowed


@pytest.mark.parametrize(
    ("role", "page"), [("scientist", "/surveys/night/consensus/"), ("admin", "/surveys/night/settings/")]
)
def test_a_role_opens_its_pages_once_the_second_factor_is_set_up(survey, required, role, page):
    user = member(survey, role)
    client = browser(user)
    refused = client.get(page)
    assert refused.status_code == 403
    assert "two-factor sign-in" in refused.content.decode()
    give_factor(user)
    assert client.get(page).status_code == 200


def test_writes_and_the_api_are_closed_too(survey, required):
    user = member(survey, "admin")
    client = browser(user)
    account("eve")
    assert client.post("/surveys/night/settings/members/", {"username": "eve", "role": "admin"}).status_code == 403
    assert client.get("/api/training-runs/").status_code == 403
    assert not Membership.objects.filter(user__username="eve").exists()
    give_factor(user)
    assert client.get("/api/training-runs/").status_code == 200


def test_the_sites_administrators_need_it_and_volunteers_do_not(survey, required):
    boss, guest = account("boss", is_superuser=True), member(survey, "volunteer")
    assert browser(boss).get("/status/").status_code == 403
    give_factor(boss)
    assert browser(boss).get("/status/").status_code == 200
    assert Membership.objects.allows(guest, survey, Role.VOLUNTEER)


def test_without_the_setting_nobody_needs_it(survey):
    assert browser(member(survey, "scientist")).get("/surveys/night/consensus/").status_code == 200


def sign_in(user):
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
        user.save()
    client = Client(headers={"user-agent": FIREFOX})
    return client, client.post("/accounts/login/", {"login": user.username, "password": PASSWORD}, follow=True)


def test_signing_in_says_what_is_missing(survey, required):
    _, page = sign_in(member(survey, "scientist"))
    assert "Your role requires two-factor sign-in" in page.content.decode()


def test_people_see_their_sessions_and_end_the_others(survey):
    user = account("ada")
    here, _ = sign_in(user)
    there, _ = sign_in(user)
    page = here.get("/accounts/sessions/").content.decode()
    assert page.count("Firefox 143 on Linux") == 2
    assert page.count("this one") == 1
    asked = here.post("/accounts/sessions/")
    assert there.get("/you/").status_code == 200, "a session left open ends no other"
    here.post(asked["Location"], {"password": PASSWORD})
    assert there.get("/you/").status_code == 302
    assert here.get("/you/").status_code == 200


def test_what_is_recorded_of_a_session_ends_with_it(survey):
    sign_in(account("ada"))
    forget_ended_sessions()
    assert UserSession.objects.count() == 1
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    forget_ended_sessions()
    assert not UserSession.objects.exists()
    assert not Session.objects.exists()
