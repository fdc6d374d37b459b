"""The tools for lines: the list that finds them again in a cube, and undo before the answer."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import ready, standing, wait_until
from tests.acceptance.drawing import HEIGHT, WIDTH, at, drag, handles, stored
from tests.acceptance.skies import one_subject
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/classify/night/"


@pytest.fixture
def cube(db):
    block = np.random.default_rng(0).normal(0, 1, (8, 1, HEIGHT, WIDTH)).astype(np.float32)
    return one_subject(block, "cube", line_marking=True)


def test_a_line_in_a_cube_is_named_by_its_frame_and_found_again(cube, open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press(".")
    page.keyboard.press(".")
    drag(page, (50, 40), (300, 200))
    page.keyboard.press(".")
    expect(page.locator(".mark")).to_have_count(0)
    faint = page.locator(".hint .stroke")
    assert faint.bounding_box()["width"] == pytest.approx(at(page, 300, 0)[0] - at(page, 50, 0)[0], abs=4)
    expect(handles(page)).to_have_count(0)
    page.get_by_role("button", name="Show line 1 · frame 3").click()
    expect(page.locator("[data-part=frame]")).to_have_text("3 of 8")
    expect(page.locator(".mark")).to_have_count(1)
    expect(page.locator(".hint")).to_have_count(0)
    page.keyboard.press("v")
    expect(page.locator(".hint")).to_have_count(7)
    page.get_by_role("button", name="Delete line 1").click()
    expect(page.locator(".hint, .mark")).to_have_count(0)


def test_from_the_stack_a_line_is_found_in_its_frame(cube, open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    drag(page, (50, 40), (300, 200))
    page.keyboard.press("v")
    page.keyboard.press("v")
    expect(page.locator("figcaption")).to_have_text("stack")
    page.get_by_role("button", name="Show line 1 · frame 1").click()
    expect(page.locator(".mark")).to_have_count(1)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_the_tools_for_lines_cover_nothing_and_move_nothing(cube, open_page, width):
    page = open_page(PAGE, width=width, height=844, reduced_motion="reduce")
    ready(page)
    before = page.locator(".pictures").bounding_box()
    for _ in range(6):
        page.get_by_role("button", name="Add a line").click()
        hint = page.get_by_text("Tap a new place for this end.")
        assert hint.evaluate("e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth")
        assert page.locator(".pictures").bounding_box() == before
        page.keyboard.press("Enter")
        assert page.locator(".pictures").bounding_box() == before
    expect(page.get_by_role("button", name="Delete line")).to_have_count(6)
    for name in ("Draw", "Add a line", "Show line 1"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["y"] >= before["y"] + before["height"]
        assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def undo(page):
    return page.get_by_role("button", name="Undo")


def test_undo_takes_back_step_by_step_what_was_done_with_lines(cube, open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    expect(undo(page)).to_be_disabled()
    drag(page, (50, 40), (300, 200))
    drag(page, (300, 200), (350, 100))
    page.mouse.click(*at(page, 50, 40))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete line 1").click()
    expect(handles(page)).to_have_count(0)
    start, end = (page.locator(f".handle[data-end='{n}']") for n in (1, 2))
    page.keyboard.press("z")
    expect(start).to_have_attribute("aria-label", "Line 1, start at x 50.0, y 42.0", timeout=2000)
    undo(page).click()
    expect(start).to_have_attribute("aria-label", "Line 1, start at x 50.0, y 40.0")
    undo(page).click()
    expect(end).to_have_attribute("aria-label", "Line 1, end at x 300.0, y 200.0")
    page.keyboard.press("z")
    expect(handles(page)).to_have_count(0)
    expect(page.locator("[data-part=status]")).to_have_text("The last change to your lines is undone.")
    expect(undo(page)).to_be_disabled()


def test_without_lines_to_take_back_undo_takes_back_the_answer(cube, open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    name = ready(page)
    drag(page, (50, 40), (300, 200))
    page.keyboard.press("y")
    page.keyboard.press("y")
    stored(page, 1)
    page.keyboard.press("z")
    assert ready(page) == name
    assert standing() == {}
    expect(handles(page)).to_have_count(2)


def test_a_line_is_taken_back_where_answers_are_final(cube, open_page):
    Workflow.objects.update(undo_seconds=0)
    page = open_page(PAGE, reduced_motion="reduce")
    name = ready(page)
    drag(page, (50, 40), (300, 200))
    undo(page).click()
    expect(handles(page)).to_have_count(0)
    drag(page, (50, 40), (300, 200))
    page.keyboard.press("y")
    page.keyboard.press("y")
    wait_until(page, lambda: standing() == {name: "yes"})
    expect(undo(page)).to_be_disabled()
    page.keyboard.press("z")
    expect(page.locator("[data-part=status]")).to_have_text("Answered yes.")


def test_undo_in_the_middle_of_a_drag_lets_go_of_the_line(cube, open_page):
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.mouse.move(*at(page, 50, 40))
    page.mouse.down()
    page.mouse.move(*at(page, 200, 140), steps=3)
    page.keyboard.press("z")
    page.mouse.move(*at(page, 250, 180), steps=3)
    page.mouse.up()
    expect(handles(page)).to_have_count(0)
