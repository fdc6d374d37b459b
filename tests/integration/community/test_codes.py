"""Codes of a second factor: each opens once and in its time, and a change of what signs in is confirmed and told."""

import base64
import re
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client

from tests.integration.learning import sky
from tests.integration.people import account, browser, is_signed_in, signed_in
from webapp.archive.models import Membership

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "a-long-and-odd-sentence", "an-odder-and-longer-sentence"
SECRET = "JBSWY3DPEHPK3PXP" * 2
NOW, PERIOD = 1_800_000_000, 30
PAGES = "/accounts/2fa"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Codes change while the test is running: their clock stands still."""
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: NOW))


@pytest.fixture
def ada(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    user = account("ada", email="ada@example.org", password=make_password(PASSWORD))
    EmailAddress.objects.create(user=user, email="ada@example.org", primary=True, verified=True)
    return user


@pytest.fixture
def coded(ada):
    auth.TOTP.activate(ada, SECRET)
    return ada


def code(secret=SECRET, at=NOW):
    return auth.format_hotp_value(auth.hotp_value(secret, at // PERIOD))


def sign_in(given):
    client = signed_in("ada", PASSWORD)
    assert not is_signed_in(client), "the password alone opens nothing"
    assert b"Enter one of your recovery codes instead" in client.get(f"{PAGES}/authenticate/").content
    client.post(f"{PAGES}/authenticate/", {"code": given})
    return is_signed_in(client)


def confirmed(client):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_a_code_opens_once(coded):
    assert sign_in(code())
    assert not sign_in(code())


@pytest.mark.parametrize("seconds", [-2 * PERIOD, -PERIOD, PERIOD, 2 * PERIOD])
def test_a_code_of_another_time_opens_nothing(coded, seconds):
    assert not sign_in(code(at=NOW + seconds))


def test_a_recovery_code_opens_once(coded):
    first, second, *_ = RecoveryCodes.activate(coded).generate_codes()
    assert sign_in(first)
    assert not sign_in(first)
    assert sign_in(second)


def test_recovery_codes_are_random(coded):
    ben = account("ben")
    of_ada, of_ben = (set(RecoveryCodes.activate(user).generate_codes()) for user in (coded, ben))
    assert len(of_ada | of_ben) == len(of_ada) + len(of_ben) >= 20
    assert min(map(len, of_ada)) >= 8


def test_a_code_is_that_of_rfc_6238():
    """Appendix B, SHA-1, at 1111111109 s: 07081804, of which six digits are used."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert code(secret, at=1111111109) == "081804"


def test_the_mail_that_sets_a_password_has_a_link_and_no_password(ada):
    Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    [sent] = mail.outbox
    assert re.findall(r"/accounts/password/reset/key/\S+", sent.body)
    assert PASSWORD not in sent.body
    ada.refresh_from_db()
    assert ada.password not in sent.body
    assert "hint" not in sent.body.lower()


def test_codes_cannot_be_guessed_quickly(coded):
    client = signed_in("ada", PASSWORD)
    said = [client.post(f"{PAGES}/authenticate/", {"code": f"{n:06}"}).content.decode() for n in range(7)]
    assert "Too many" in said[-1]
    client.post(f"{PAGES}/authenticate/", {"code": code()})
    assert not is_signed_in(client)


def test_a_password_set_by_mail_asks_for_the_code_too(coded):
    stranger = Client()
    stranger.post("/accounts/password/reset/", {"email": "ada@example.org"})
    [address] = re.findall(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    form = stranger.get(address)["Location"]
    stranger.post(form, {"password1": NEW, "password2": NEW})
    assert not is_signed_in(stranger)
    again = signed_in("ada", NEW)
    assert not is_signed_in(again)
    again.post(f"{PAGES}/authenticate/", {"code": code()})
    assert is_signed_in(again)
    assert 'type="password"' not in Client().get(address, follow=True).content.decode(), "the link opens once"


def test_nobody_sets_a_factor_up_in_a_session_left_open(ada):
    left_open = signed_in("ada", PASSWORD)
    left_open.get(f"{PAGES}/totp/activate/")
    left_open.post(f"{PAGES}/totp/activate/", {"code": "000000"})
    assert "mfa.totp.secret" not in left_open.session
    assert not Authenticator.objects.exists()


ADDRESSES = ("ada@example.org", "old@example.org")
CHANGES = [("add", "eve@example.org"), ("primary", ADDRESSES[1]), ("remove", ADDRESSES[1])]


@pytest.mark.parametrize(("act", "address"), CHANGES)
def test_nobody_changes_addresses_in_a_session_left_open(ada, act, address):
    EmailAddress.objects.create(user=ada, email=ADDRESSES[1], verified=True)
    left_open, change = signed_in("ada", PASSWORD), {f"action_{act}": "", "email": address}
    asked = left_open.post("/accounts/email/", change)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert set(EmailAddress.objects.values_list("email", "primary")) == {(ADDRESSES[0], True), (ADDRESSES[1], False)}
    assert all(letter.to == ["ada@example.org"] for letter in mail.outbox)
    confirmed(left_open).post("/accounts/email/", change)
    assert set(EmailAddress.objects.values_list("email", "primary")) != {(ADDRESSES[0], True), (ADDRESSES[1], False)}


ASKING = {
    "/accounts/reauthenticate/": "password",
    "/accounts/password/change/": "oldpassword",
    "/you/leave/": "proof",
}


@pytest.mark.parametrize("address", ASKING)
def test_nobody_guesses_the_password_in_a_session_left_open(ada, address):
    left_open = signed_in("ada", PASSWORD)
    said = [left_open.post(address, {ASKING[address]: f"guess {n}"}).status_code for n in range(12)]
    assert said[0] in (200, 400)
    assert said[-1] == 429
    form = {ASKING[address]: PASSWORD, "password1": NEW, "password2": NEW, "answers": "remove"}
    assert left_open.post(address, form).status_code == 429
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_who_gets_a_second_factor_is_told_by_mail(ada):
    client = confirmed(signed_in("ada", PASSWORD))
    client.get(f"{PAGES}/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    client.post(f"{PAGES}/totp/activate/", {"code": code(secret)})
    assert {each.type for each in Authenticator.objects.all()} == {"totp", "recovery_codes"}
    assert "Authenticator app activated" in mail.outbox[1].body
    assert mail.outbox[1].to == ["ada@example.org"]
    assert secret not in mail.outbox[1].body


def test_who_changes_a_password_is_told_by_mail_without_it(ada):
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    signed_in("ada", PASSWORD).post("/accounts/password/change/", form)
    _, letter = mail.outbox  # the first is about the new device
    assert letter.to == ["ada@example.org"]
    assert "password has been changed" in letter.body
    assert PASSWORD not in letter.body
    assert NEW not in letter.body


def test_a_password_is_changed_while_the_mail_server_is_away(ada, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert signed_in("ada", PASSWORD).post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(signed_in("ada", NEW))
    assert "could not be told by mail" in caplog.text


def test_people_join_and_ask_for_a_password_while_the_mail_server_is_away(client, db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    form = {"username": "bea", "email": "bea@example.org", "password1": PASSWORD, "password2": PASSWORD}
    joined = client.post("/accounts/signup/", form, follow=True)
    assert is_signed_in(client)
    assert b"The mail could not be sent" in joined.content
    assert b"Confirmation email sent" not in joined.content
    asked = Client().post("/accounts/password/reset/", {"email": "bea@example.org"}, follow=True)
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"}, follow=True)
    for page in (asked, unknown):
        assert (page.status_code, b"The mail could not be sent" in page.content) == (200, True)
        assert b"We have sent you an email" not in page.content


def test_a_factor_that_is_lost_and_removed_ends_its_rights_in_every_session(coded, settings):
    settings.MFA_REQUIRED_FROM = "scientist"
    Membership.objects.create(user=coded, survey=sky.survey("night"), role="scientist")
    here, there = browser(coded), browser(coded)
    page = "/surveys/night/consensus/"
    assert there.get(page).status_code == 200
    here.post(f"{PAGES}/totp/deactivate/")
    assert there.get(page).status_code == 200, "not before the password is asked for"
    confirmed(here).post(f"{PAGES}/totp/deactivate/")
    assert there.get(page).status_code == 403
