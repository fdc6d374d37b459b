"""A screen reader says the frame, the place of a line and the answer: all from the browser's accessibility tree."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, press, ready, standing, wait_until
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(db, open_page):
    """The classify page of tracklets of four frames, at rest, on which lines can be drawn."""
    make_workflow(frames=4, line_marking=True)
    page = open_page("/classify/night/", reduced_motion="reduce")
    ready(page)
    return page


def heard(page, part="main"):
    """Return what is in the accessibility tree, with roles, names and states."""
    return page.locator(part).aria_snapshot()


def said(page):
    return page.get_by_role("status").filter(has_text=re.compile("."))


def test_the_page_reads_as_a_question_with_its_answers(page):
    tree = heard(page)
    question = Workflow.objects.get().question
    assert f'heading "{question}" [level=1]' in tree
    for answer in ("Yes", "No", "Unsure"):
        assert re.search(rf'button "{answer}\b[^"]*"(?! \[disabled\])', tree), answer
    assert re.search(r'button "Undo[^"]*" \[disabled\]', tree)
    assert not re.search(r'(button|link|img|slider|textbox|checkbox)(?! ")', tree), f"something has no name:\n{tree}"


def test_the_frame_is_in_the_tree_and_said_when_it_changes(page):
    assert 'img "picture, frame 1 of 4"' in heard(page)
    press(page, ".")
    assert 'img "picture, frame 2 of 4"' in heard(page)
    expect(said(page)).to_contain_text("2 of 4")
    page.get_by_role("button", name="Previous frame").click()
    expect(said(page)).to_contain_text("1 of 4")


def test_the_place_of_a_line_is_said_and_follows_the_arrow_keys(page):
    page.get_by_role("button", name="Add a line").click()
    start = page.get_by_role("button", name=re.compile("^Line 1, start at x"))
    expect(start).to_be_focused()
    before = start.get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    expect(start).not_to_have_attribute("aria-label", before)
    tree = heard(page, "body")
    for end in ("start", "end"):
        assert re.search(rf'button "Line 1, {end} at x [\d.]+, y [\d.]+"', tree), tree


def test_the_answer_is_said_and_the_focus_stays(page):
    for _ in range(3):
        page.keyboard.press(".")  # every frame is seen
    no = page.get_by_role("button", name=re.compile("^No"))
    no.focus()
    page.keyboard.press("Enter")
    expect(said(page)).to_contain_text("Answered no.")
    ready(page)
    expect(no).to_be_focused()
    tree = heard(page)
    assert 'complementary "Your last answer"' in tree
    assert re.search(r'button "Undo[^"]*"(?! \[disabled\])', tree)
    press(page, "z")
    expect(said(page)).to_contain_text("Answer undone.")
    wait_until(page, lambda: not standing())


def test_after_a_click_space_plays_and_answers_nothing(page):
    for _ in range(3):
        page.keyboard.press(".")
    page.get_by_role("button", name=re.compile("^No")).click()
    ready(page)
    expect(page.locator("body")).to_be_focused()
    page.keyboard.press(" ")
    ready(page)
    wait_until(page, lambda: len(standing()) == 1)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
