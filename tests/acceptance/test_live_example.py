"""The example on the front page blinks and takes an answer on the spot."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, standing, wait_until
from tests.acceptance.intercept import intercept

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 780)])
def test_the_first_answer_is_one_click_from_the_front_page(db, open_page, width, height):
    make_workflow(frames=4, follow_ups={})
    page = open_page("/", width=width, height=height)
    frame = page.locator("[data-live=frame]")
    expect(frame).to_have_text("2 of 4")
    expect(frame).to_have_text("3 of 4")
    expect(page.get_by_role("button", name="Unsure")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("[data-live=result]")).to_contain_text("Your answer is saved.")
    wait_until(page, lambda: list(standing().values()) == ["yes"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.set_extra_http_headers({"Accept-Language": "de"})
    page.set_viewport_size({"width": 320, "height": 640})
    page.reload()
    answers = page.locator(".live-answers .button")
    assert len({answer.bounding_box()["y"] for answer in answers.all()}) == 1, answers.all_inner_texts()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_example_can_be_played_and_paused_and_an_answer_that_got_lost_given_again(db, open_page):
    make_workflow(frames=4, follow_ups={})
    page = open_page("/", reduced_motion="reduce")
    frame, result = page.locator("[data-live=frame]"), page.locator("[data-live=result]")
    expect(frame).to_have_text("1 of 4")
    page.get_by_role("button", name="Play").click()
    expect(frame).to_have_text("3 of 4")
    page.get_by_role("button", name="Pause").click()
    intercept(page, "**/api/classifications/", lambda route: route.abort())
    page.get_by_role("button", name="Yes").click()
    expect(result).to_have_text("Can't reach the server.")
    page.unroute("**/api/classifications/")
    page.get_by_role("button", name="Yes").click()
    expect(result).to_contain_text("Your answer is saved.")
    wait_until(page, lambda: list(standing().values()) == ["yes"])
