"""A security key is added on the page of the second factor, and opens an account after its password."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from tests.integration.people import account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "ada"
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def site(live_server, settings):
    """The site by its name: keys belong to names, not to numbers, and need HTTPS anywhere but on one's own machine."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(site, open_page):
    """A page whose browser has a key plugged in that confirms whatever it is asked."""
    get_user_model().objects.create_user(NAME, password=NAME)
    page = open_page(f"{site}/accounts/login/")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return page


def sign_in(page, site):
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Username or email").fill(NAME)
    page.get_by_label("Password").fill(NAME)
    page.get_by_role("button", name="Sign in").click()


def is_in(page, site):
    return page.request.get(f"{site}/you/", max_redirects=0).status == 200


def test_a_key_is_added_and_asked_for_after_the_password(page, site):
    sign_in(page, site)
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(NAME)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Blue key")
    page.wait_for_load_state()  # its script answers the button
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(f"{site}/accounts/2fa/recovery-codes/")
    assert {each.type for each in Authenticator.objects.all()} == {"webauthn", "recovery_codes"}
    page.context.clear_cookies()
    sign_in(page, site)
    key = page.get_by_role("button", name="Use a security key")
    expect(key).to_be_visible()
    assert not is_in(page, site), "the password alone opens nothing"
    page.wait_for_load_state()
    key.click()
    page.wait_for_url(f"{site}/")
    assert is_in(page, site)


def test_a_site_without_a_host_name_says_that_it_can_take_no_key(open_page):
    page = open_page("/accounts/2fa/webauthn/add/", user=account(NAME))
    page.wait_for_load_state()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("only at a host name with HTTPS")
