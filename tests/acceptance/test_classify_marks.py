"""Lines along trails, drawn in a real browser and stored with the answer."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, ready, standing, wait_until
from tests.acceptance.drawing import HEIGHT, WIDTH, at, drag, handles, stored
from tests.acceptance.fingers import swipe
from tests.acceptance.intercept import lose_first_reply
from tests.acceptance.skies import CARDS, one_subject
from webapp.classifications.models import Mark

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/classify/night/"


@pytest.fixture
def subject(db):
    block = np.random.default_rng(0).normal(0, 1, (1, 1, HEIGHT, WIDTH)).astype(np.float32)
    return one_subject(block, "cutout", cards=CARDS, places=[(200, 150)], line_marking=True)


def near(*numbers):
    return pytest.approx(numbers, abs=0.7)


def test_lines_are_drawn_changed_deleted_and_stored(subject, open_page):
    page = open_page(PAGE)
    name = ready(page)
    drag(page, (50, 40), (300, 200))
    drag(page, (10, 250), (390, 280))
    drag(page, (20, 20), (60, 20))
    expect(handles(page)).to_have_count(6)
    page.mouse.click(*at(page, 100, 290))
    expect(handles(page)).to_have_count(6)
    drag(page, (300, 200), (350, 100))
    page.get_by_role("button", name="Delete line 2").click()
    expect(handles(page)).to_have_count(4)
    page.keyboard.press("y")
    assert stored(page, 2) == [near(50, 40, 350, 100), near(20, 20, 60, 20)]
    assert standing() == {name: "yes"}
    mark = Mark.objects.first()
    expected = WCS(fits.Header(CARDS)).pixel_to_world(mark.x1, mark.y1)
    assert (mark.ra1, mark.dec1) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


def test_a_line_stays_on_its_trail_when_the_picture_is_zoomed(subject, open_page):
    page = open_page(PAGE)
    ready(page)
    drag(page, (50, 40), (300, 200))
    page.mouse.move(*at(page, 300, 200))
    page.mouse.wheel(0, -300)
    page.mouse.wheel(0, -300)
    end = page.locator(".handle[data-end='2']").bounding_box()
    middle = (end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    assert middle == pytest.approx(at(page, 300, 200), abs=3)
    drag(page, (300, 200), (305, 210))
    page.keyboard.press("d")
    before = page.locator(".pictures canvas").bounding_box()["x"]
    page.mouse.move(700, 300)
    page.mouse.down()
    page.mouse.move(760, 300, steps=3)
    page.mouse.up()
    assert page.locator(".pictures canvas").bounding_box()["x"] - before == pytest.approx(60, abs=1)
    expect(handles(page)).to_have_count(2)
    page.keyboard.press("y")
    assert stored(page, 1) == [near(50, 40, 305, 210)]


def test_lines_are_drawn_wholly_by_keyboard(subject, open_page):
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("l")
    start = page.get_by_role("button", name="Line 1, start")
    expect(start).to_be_focused()
    expect(page.locator("[data-part=status]")).to_contain_text("Move this end with the arrow keys")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Line 1, end")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("l")
    expect(handles(page)).to_have_count(4)
    page.keyboard.press("Delete")
    expect(handles(page)).to_have_count(2)
    page.keyboard.press("Enter")
    assert standing() == {}, "arrows on a handle are no answers"
    page.keyboard.press("ArrowRight")
    ((x1, y1, x2, y2),) = stored(page, 1)
    assert (x2 - x1, y1) == (pytest.approx(101), pytest.approx(179.5))
    assert y2 == pytest.approx(148.5)


def test_lines_are_drawn_by_finger_on_a_phone(subject, open_page):
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    swipe(page, (at(page, 50, 50), at(page, 350, 250)))
    expect(handles(page)).to_have_count(2)
    swipe(page, (at(page, 350, 250), at(page, 350, 60)))
    expect(handles(page)).to_have_count(2)
    left, right = at(page, 150, 150), at(page, 250, 150)
    swipe(page, (left, (left[0] - 40, left[1])), (right, (right[0] + 40, right[1])))
    expect(handles(page)).to_have_count(2)
    assert page.locator(".pictures canvas").bounding_box()["width"] > 500, "two fingers zoom"
    for button in page.locator(".marking button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 43.5
    page.get_by_role("button", name="Yes").tap()
    assert stored(page, 1) == [pytest.approx((50, 50, 350, 60), abs=2)]


def test_lines_are_placed_by_single_taps(subject, open_page):
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    status, hint = page.locator("[data-part=status]"), page.get_by_text("Tap a new place for this end")
    tap = page.touchscreen.tap
    tap(*at(page, 200, 150))
    expect(handles(page)).to_have_count(0)
    page.get_by_role("button", name="Add a line").tap()
    expect(status).to_contain_text("tap the start of the line")
    expect(hint).to_be_visible()
    tap(*at(page, 50, 50))
    expect(status).to_have_text("Now tap the end of the line.")
    tap(*at(page, 350, 250))
    expect(status).to_have_text("Placed.")
    expect(hint).to_be_hidden()
    tap(*at(page, 200, 20))
    tap(*at(page, 350, 250))
    expect(page.get_by_role("button", name="Line 1, end")).to_be_focused()
    tap(*at(page, 340, 60))
    tap(*at(page, 50, 50))
    tap(*at(page, 50, 50))
    tap(*at(page, 200, 280))
    expect(handles(page)).to_have_count(2)
    page.get_by_role("button", name="Yes").tap()
    assert stored(page, 1) == [pytest.approx((50, 50, 340, 60), abs=2)]


def test_undo_brings_the_lines_back(subject, open_page):
    page = open_page(PAGE)
    ready(page)
    drag(page, (50, 40), (300, 200))
    page.keyboard.press("y")
    stored(page, 1)
    page.wait_for_timeout(300)
    page.keyboard.press("z")
    ready(page)
    assert stored(page, 0) == []
    expect(handles(page)).to_have_count(2)
    drag(page, (10, 10), (90, 15))
    page.keyboard.press("y")
    assert stored(page, 2) == [near(50, 40, 300, 200), near(10, 10, 90, 15)]


def test_an_answer_in_the_middle_of_a_drag_takes_the_line_as_it_is(subject, open_page):
    page = open_page(PAGE)
    ready(page)
    page.mouse.move(*at(page, 50, 40))
    page.mouse.down()
    page.mouse.move(*at(page, 200, 140), steps=3)
    page.keyboard.press("y")
    assert stored(page, 1) == [near(50, 40, 200, 140)]
    page.mouse.move(400, 300, steps=3)
    page.mouse.up()
    assert len(stored(page, 1)) == 1


def test_lines_wait_for_the_network_and_are_stored_once(subject, open_page):
    page = open_page(PAGE)
    ready(page)
    drag(page, (50, 40), (300, 200))
    tries = lose_first_reply(page, "**/api/classifications/")
    page.keyboard.press("y")
    wait_until(page, lambda: len(tries) == 2)
    page.unroute_all(behavior="wait")
    assert tries[0]["marks"] == tries[1]["marks"]
    assert len(stored(page, 1)) == 1


def test_a_workflow_without_lines_offers_none(db, open_page):
    make_workflow(n=2)
    page = open_page(PAGE)
    ready(page)
    expect(page.locator("[data-part=marking]")).to_be_hidden()
    page.keyboard.press("l")
    box = page.locator(".pictures").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + 200)
    page.mouse.up()
    expect(handles(page)).to_have_count(0)
    page.keyboard.press("y")
    wait_until(page, lambda: len(standing()) == 1)


NO_WITH_LINES = "You drew 2 lines, but said no. Answer yes, or no again to leave them out."


def test_a_no_with_lines_is_asked_about_once_and_sends_none(subject, open_page):
    page = open_page(PAGE)
    name = ready(page)
    notice = page.locator("[data-part=notice]")
    drag(page, (50, 40), (300, 200))
    drag(page, (10, 250), (390, 280))
    page.locator("[data-answer=no]").click()
    expect(notice).to_have_text(NO_WITH_LINES)
    expect(page.locator("[data-part=status]")).to_have_text(NO_WITH_LINES)
    assert standing() == {}
    page.keyboard.press("n")
    wait_until(page, lambda: standing() == {name: "no"})
    expect(notice).to_be_hidden(timeout=1000)
    assert stored(page, 0) == []
    page.keyboard.press("z")
    ready(page)
    expect(handles(page)).to_have_count(4)
    page.keyboard.press("ArrowLeft")
    expect(notice).to_have_text(NO_WITH_LINES)
    page.keyboard.press("u")
    assert len(stored(page, 2)) == 2, "whoever is unsure keeps the lines"


def test_a_swiped_no_is_asked_about_too(subject, open_page):
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    swipe(page, (at(page, 50, 50), at(page, 350, 250)))
    page.locator("[data-part=help]").click()
    page.get_by_label("Swipe to answer").check()
    page.get_by_role("button", name="Close").click()
    page.locator("[data-part=draw]").click()
    expect(page.locator("[data-part=draw]")).to_have_attribute("aria-pressed", "false")
    swipe(page, (at(page, 300, 40), at(page, 100, 40)))
    expect(page.locator("[data-part=notice]")).to_contain_text("You drew a line, but said no.")
    swipe(page, (at(page, 300, 40), at(page, 100, 40)))
    wait_until(page, lambda: list(standing().values()) == ["no"])
    assert stored(page, 0) == []
