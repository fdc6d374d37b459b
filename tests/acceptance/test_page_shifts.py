"""A page that moves while it loads is noticed, and a late button moves nothing."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import wait_until
from tests.acceptance.page_weight import MOST_SHIFT, SETTLED, SHIFTS, WATCH
from tests.acceptance.people import member
from tests.integration.learning import sky

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_page_that_moves_is_noticed(open_page, width):
    page = open_page("about:blank", width=width)
    page.add_init_script(WATCH)
    page.goto("/accounts/login/")
    page.wait_for_timeout(SETTLED)
    page.evaluate("document.querySelector('main').style.marginTop = '200px'")
    page.wait_for_timeout(SETTLED)
    assert sum(value for value, *_ in page.evaluate(SHIFTS)) > MOST_SHIFT


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/accounts/signup/", "/accounts/password/change/", "/you/leave/"]
)
def test_a_late_button_to_show_a_password_moves_nothing(db, open_page, address):
    is_own = address.startswith(("/you/", "/accounts/password/"))
    page = open_page("about:blank", user=member(sky.survey(), "volunteer") if is_own else None, width=390)
    page.add_init_script(WATCH)
    waiting = []
    page.route("**/show_password*.js", lambda route: waiting.append(route))
    page.goto(address, wait_until="commit")
    expect(page.locator("input[type=password]").first).to_be_visible()
    wait_until(page, lambda: waiting)
    page.wait_for_timeout(SETTLED)
    (script,) = waiting
    script.continue_()
    expect(page.get_by_role("button", name="Show password").first).to_be_visible()
    page.wait_for_timeout(SETTLED)
    assert sum(value for value, *_ in page.evaluate(SHIFTS)) == 0
