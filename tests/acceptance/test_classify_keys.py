"""Custom shortcuts, and answering by swipe."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import ECHO, make_workflow, press, ready, standing, wait_until
from tests.acceptance.fingers import swipe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/classify/night/"


@pytest.fixture
def workflow(db):
    return make_workflow()


def key_button(page, action):
    return page.locator(f"[data-part=key-list] button[value={action}]")


def give(page, action, key):
    page.keyboard.press("?")
    key_button(page, action).click()
    expect(key_button(page, action)).to_have_text("Press a key…")
    page.keyboard.press(key)


def close_help(page):
    page.get_by_role("button", name="Close").click()


def test_an_action_gets_another_key_and_keeps_it(workflow, open_page):
    page = open_page(PAGE)
    ready(page)
    give(page, "yes", "j")
    expect(key_button(page, "yes")).to_have_text("J")
    close_help(page)
    expect(page.locator("[data-answer=yes] kbd")).to_have_text("J")
    page.reload()
    first = press(page, "j")
    wait_until(page, lambda: standing() == {first: "yes"})
    second = ready(page)
    page.keyboard.press("y")
    page.wait_for_timeout(ECHO)
    assert ready(page) == second


def test_a_key_that_another_action_had_is_taken_from_it_and_all_come_back(workflow, open_page):
    page = open_page(PAGE)
    ready(page)
    give(page, "yes", "n")
    expect(key_button(page, "no")).to_have_text("←")
    close_help(page)
    first = press(page, "n")
    wait_until(page, lambda: standing() == {first: "yes"})
    ready(page)
    page.keyboard.press("?")
    page.get_by_role("button", name="Reset shortcuts").click()
    expect(key_button(page, "no")).to_have_text("N or ←")
    close_help(page)
    second = press(page, "n")
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})


def test_only_keys_that_do_something_here_are_listed(workflow, open_page):
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("?")
    for action in ("zoomIn", "loupe"):
        expect(key_button(page, action)).to_be_visible()
    for action in ("blink", "nextLayout", "channel1"):
        expect(key_button(page, action)).to_have_count(0)


def test_a_tracklet_has_keys_for_its_frames(db, open_page):
    make_workflow(frames=3)
    page = open_page(PAGE)
    ready(page)
    speed = page.locator("[data-part=speed-value]")
    for modifiers in ({"altKey": True}, {"altKey": True, "ctrlKey": True}):  # Option on a Mac, AltGr elsewhere
        before = speed.text_content()
        type_elsewhere(page, "]", "Digit9", **modifiers)
        expect(speed).not_to_have_text(before)
    before = speed.text_content()
    for modifier in ("ctrlKey", "metaKey"):
        type_elsewhere(page, "[", "BracketLeft", **{modifier: True})
    expect(speed).to_have_text(before)
    page.keyboard.press("?")
    for action in ("blink", "frameForth", "nextLayout", "loupe"):
        expect(key_button(page, action)).to_be_visible()


def test_the_key_for_talk_says_that_an_answer_comes_first(workflow, open_page):
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("t")
    expect(page.locator("[data-part=notice]")).to_have_text("Answer a subject first, then discuss it.")


def test_escape_keeps_the_key(workflow, open_page):
    page = open_page(PAGE)
    ready(page)
    give(page, "yes", "Escape")
    expect(key_button(page, "yes")).to_have_text("Y or →")
    expect(page.locator("dialog[data-part=keys]")).to_be_visible()


def test_the_keys_are_where_they_were_on_a_keyboard_of_another_script(workflow, open_page):
    page = open_page(PAGE)
    first = ready(page)
    type_elsewhere(page, "н", "KeyY")
    wait_until(page, lambda: standing() == {first: "yes"})
    second = ready(page)
    type_elsewhere(page, "Т", "KeyN")  # with Caps Lock
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})


def type_elsewhere(page, key, code, **modifiers):
    page.evaluate(
        "(init) => document.body.dispatchEvent(new KeyboardEvent('keydown', init))",
        {"key": key, "code": code, "bubbles": True, **modifiers},
    )


@pytest.mark.parametrize(
    "device", [{"width": 390, "height": 844}, {"width": 820, "height": 1180, "has_touch": True, "is_mobile": True}]
)
def test_a_touch_screen_is_told_no_keys(workflow, open_page, device):
    page = open_page(PAGE, **device)
    ready(page)
    expect(page.locator("kbd:visible")).to_have_count(0)
    page.locator("[data-part=help]").click()
    expect(page.get_by_label("Swipe to answer")).to_be_visible()
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_hidden()
    expect(key_button(page, "yes")).to_be_hidden()


def test_swipes_answer_only_where_they_are_wanted(workflow, open_page):
    page = open_page(PAGE, width=390, height=844)
    first = ready(page)
    answer_by_finger(page, 1)
    page.wait_for_timeout(ECHO)
    assert ready(page) == first
    page.locator("[data-part=help]").click()
    page.get_by_label("Swipe to answer").check()
    close_help(page)
    answer_by_finger(page, 1)
    wait_until(page, lambda: standing() == {first: "yes"})
    second = ready(page)
    answer_by_finger(page, -1)
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})


def answer_by_finger(page, way):
    """Draw a finger over the picture, to the right (1) or the left (-1)."""
    box = page.locator("[data-part=pictures] canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    swipe(page, ((x - 60 * way, y), (x + 60 * way, y)))
