"""Where a browser refuses a security key, the page says why."""

import pytest
from playwright.sync_api import expect

from tests.integration.people import account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_site_without_a_host_name_says_that_it_can_take_no_key(open_page):
    page = open_page("/accounts/2fa/webauthn/add/", user=account("ada"))
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("only at a host name with HTTPS")
