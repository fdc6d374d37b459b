"""The example on the front page blinks and takes an answer on the spot."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, standing, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_first_answer_is_one_click_from_the_front_page(db, open_page, width, height):
    make_workflow(frames=4, follow_ups={})
    page = open_page("/", width=width, height=height)
    frame = page.locator("[data-live=frame]")
    expect(frame).to_have_text("2 of 4")
    expect(frame).to_have_text("3 of 4")
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("[data-live=result]")).to_contain_text("Your answer is saved.")
    wait_until(page, lambda: list(standing().values()) == ["yes"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
