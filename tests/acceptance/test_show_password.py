"""Whoever types a password can look at it, and it is sent as a password all the same."""

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = {"/accounts/login/": 1, "/accounts/signup/": 2, "/accounts/password/change/": 3, "/you/leave/": 1}


@pytest.fixture
def ada():
    return get_user_model().objects.create_user("ada", password="ada")


@pytest.mark.parametrize(("address", "width"), [*zip(PAGES, (1440, 390, 1440, 390), strict=True)])
def test_each_password_is_shown_and_hidden_on_request(open_page, ada, address, width):
    is_own = address.startswith(("/you/", "/accounts/password/"))
    page = open_page(address, width=width, user=ada if is_own else None)
    fields = page.locator("input[type=password]")
    expect(fields).to_have_count(PAGES[address])
    show = page.get_by_role("button", name="Show password")
    expect(show).to_have_count(PAGES[address])
    fields.first.fill("a secret")
    show.first.click()
    expect(fields).to_have_count(PAGES[address] - 1)
    page.get_by_role("button", name="Hide password").click()
    expect(fields).to_have_count(PAGES[address])


def test_a_shown_password_signs_in(open_page, ada):
    page = open_page("/accounts/login/")
    page.get_by_label("Username or email").fill("ada")
    page.get_by_label("Password").fill("ada")
    page.get_by_role("button", name="Show password").click()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")
