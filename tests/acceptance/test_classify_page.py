"""The classify page in a real browser."""

import gzip
import re

import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import expect

from ml.imaging.display import STRETCHES
from ml.storage.pixel_store import PixelStore
from tests.acceptance.classifying import (
    ECHO,
    drawn_on,
    make_workflow,
    press,
    ready,
    standing,
    wait_until,
)
from tests.integration.learning import sky
from webapp.archive.models import Subject, SubjectSet
from webapp.classifications.models import Classification
from webapp.queue.membership import enqueue_subjects

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def workflow(db):
    return make_workflow()


def test_answers_by_key(workflow, open_page):
    page = open_page("/classify/night/")
    keys = {"y": "yes", "N": "no", "u": "unsure", "ArrowRight": "yes", "ArrowLeft": "no", "ArrowDown": "unsure"}
    given = {press(page, key): answer for key, answer in keys.items()}
    assert len(given) == len(keys)
    wait_until(page, lambda: standing() == given)
    expect(page.get_by_text("You: 6")).to_be_visible()
    for _ in range(4):
        press(page, "y")
    expect(page.locator("[data-part=notice]")).to_have_text("10 answers here. Thank you!")
    row = Classification.objects.first()
    assert row.started_at < row.finished_at
    assert row.viewport == "1440x900"


def test_answers_by_thumb_on_a_phone_leave_the_picture_where_it_is(workflow, open_page):
    page = open_page("/classify/night/", width=390, height=844)
    name = ready(page)
    page.get_by_role("button", name="Show me how").tap()
    expect(page.get_by_role("dialog", name="Tutorial")).to_contain_text("Step 1 of")
    page.keyboard.press("Escape")
    before = page.locator(".pictures canvas").bounding_box()
    page.get_by_role("button", name="Unsure").tap()
    wait_until(page, lambda: standing() == {name: "unsure"})
    ready(page)
    expect(page.get_by_text("First time here?")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.get_by_role("button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert min(box["width"], box["height"]) >= 43.5, button.inner_text()
    assert page.locator(".pictures canvas").bounding_box() == before
    assert before["width"] >= 380


def test_undo_brings_the_subject_back(workflow, open_page):
    page = open_page("/classify/night/")
    first = press(page, "y")
    wait_until(page, lambda: standing() == {first: "yes"})
    press(page, "z")
    wait_until(page, lambda: standing() == {})
    assert ready(page) == first
    page.keyboard.press("n")
    wait_until(page, lambda: standing() == {first: "no"})


def test_the_last_answers_can_be_undone_after_a_reload(workflow, open_page):
    page = open_page("/classify/night/")
    first, second = press(page, "y"), press(page, "n")
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})
    page.reload()
    third = ready(page)
    for name, left in ((second, {first: "yes"}), (first, {})):
        press(page, "z")
        wait_until(page, lambda left=left: standing() == left)
        assert ready(page) == name
    expect(page.locator("[data-part=undo]")).to_be_disabled()
    assert [press(page, "y"), press(page, "y"), press(page, "y")] == [first, second, third]
    wait_until(page, lambda: standing() == dict.fromkeys((first, second, third), "yes"))
    page.reload()
    assert ready(page) not in (first, second, third)


def test_the_undo_button_is_off_once_it_is_too_late(db, open_page):
    make_workflow(undo_seconds=3)
    page = open_page("/classify/night/")
    press(page, "y")
    undo = page.locator("[data-part=undo]")
    expect(undo).to_be_enabled()
    ready(page)
    expect(undo).to_be_disabled()
    press(page, "z")
    expect(page.locator("[data-part=notice]")).to_contain_text("it's too late for that one")
    press(page, "n")
    expect(undo).to_be_enabled()


def test_undo_is_not_offered_where_no_answer_can_be_undone(db, open_page):
    make_workflow(undo_seconds=0)
    page = open_page("/classify/night/")
    press(page, "?")
    expect(page.locator("[data-part=key-list]")).to_contain_text("This help")
    expect(page.locator("[data-part=key-list]")).not_to_contain_text("Undo")
    expect(page.locator("[data-part=undo]")).to_be_hidden()


def test_a_double_press_answers_once(workflow, open_page):
    page = open_page("/classify/night/")
    first = ready(page)
    page.get_by_role("button", name="Yes").dblclick()
    second = ready(page)
    wait_until(page, lambda: standing() == {first: "yes"})
    page.keyboard.press("n")
    page.keyboard.press("n")
    ready(page)
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})


def test_a_held_key_answers_once(workflow, open_page):
    page = open_page("/classify/night/")
    first = ready(page)
    for _ in range(5):
        page.keyboard.down("y")
        page.wait_for_timeout(ECHO)
    page.keyboard.up("y")
    wait_until(page, lambda: standing() == {first: "yes"})


def test_the_first_of_two_devices_counts(workflow, open_page, django_user_model):
    ann = django_user_model.objects.create_user("ann", password="ann")
    page, other = (open_page("/classify/night/", user=ann) for _ in range(2))
    first = ready(page)
    assert press(other, "n") == first
    wait_until(other, lambda: standing() == {first: "no"})
    page.keyboard.press("y")
    expect(page.locator("[data-part=feedback]")).to_contain_text("your first answer counts")
    assert standing() == {first: "no"}


def test_what_is_answered_in_one_tab_is_not_asked_in_another(workflow, open_page):
    page = open_page("/classify/night/")
    first = ready(page)
    other = page.context.new_page()
    other.goto("/classify/night/")
    given = {press(other, "n"): "no", press(other, "n"): "no"}
    assert first in given
    expect(page.locator("[data-part=notice]")).to_have_text("You answered the last one in another tab.")
    third = press(page, "y")
    assert third not in given
    wait_until(page, lambda: standing() == {**given, third: "yes"})


def test_a_follow_up_is_noted_and_never_in_the_way(workflow, open_page):
    page = open_page("/classify/night/")
    first = press(page, "n")
    press(page, "k")
    page.keyboard.press("Enter")
    wait_until(page, lambda: Classification.objects.filter(follow_up="CR", subject__external_id=first).exists())
    page.get_by_role("button", name="NOISE").click()
    wait_until(page, lambda: Classification.objects.filter(follow_up="NOISE", subject__external_id=first).exists())
    page.get_by_role("button", name="NOISE").click()
    wait_until(page, lambda: not Classification.objects.filter(follow_up="NOISE").exists())
    press(page, "y")
    wait_until(page, lambda: len(standing()) == 2)


def test_the_end_of_the_queue_says_so(db, open_page):
    make_workflow(n=1)
    page = open_page("/classify/night/")
    press(page, "y")
    expect(page.get_by_role("heading", name="You're all caught up")).to_be_visible()
    expect(page.get_by_role("button", name="Check again")).to_be_visible()


def test_the_answers_of_an_account_are_its_own(workflow, open_page, django_user_model):
    user = django_user_model.objects.create_user("vera", password="vera")
    page = open_page("/classify/night/", user=user)
    press(page, "y")
    wait_until(page, lambda: Classification.objects.filter(volunteer__user=user).count() == 1)


def test_a_tracklet_blinks_until_it_is_paused(db, open_page):
    make_workflow(frames=4)
    page = open_page("/classify/night/")
    ready(page)
    frame = page.locator("[data-part=frame]")
    expect(frame).to_have_text("3 of 4")
    page.keyboard.press(" ")
    stopped = frame.inner_text()
    page.wait_for_timeout(1200)
    expect(frame).to_have_text(stopped)
    page.keyboard.press(".")
    expect(frame).not_to_have_text(stopped)
    assert standing() == {}


def test_nothing_moves_by_itself_where_motion_is_not_wanted(db, open_page):
    make_workflow(frames=4)
    page = open_page("/classify/night/", reduced_motion="reduce")
    ready(page)
    page.wait_for_timeout(1200)
    expect(page.locator("[data-part=frame]")).to_have_text("1 of 4")
    page.keyboard.press(" ")
    expect(page.locator("[data-part=frame]")).to_have_text("2 of 4")


def test_without_scripts_the_page_says_what_it_needs(workflow, open_page):
    page = open_page("/classify/night/", java_script_enabled=False)
    assert "needs JavaScript" in page.content()


PICTURES = {
    "a source on noise": lambda image: image,
    "a corner without data": lambda image: image[:, :, :20, :33].fill(np.nan),
    "a star that saturates": lambda image: image[:, :, 40, 40].fill(1e7),
    "counts in whole numbers": lambda image: np.rint(image, out=image),
}


def test_the_browser_stretches_as_the_science_does(db, open_page):
    blocks = {picture: sky.stamps([True], side=80)[0] for picture in PICTURES}
    for picture, block in blocks.items():
        PICTURES[picture](block)
    make_workflow_of(blocks)
    page = open_page("/classify/night/")
    seen = set()
    for _ in PICTURES:
        seen.add(picture := ready(page))
        page.keyboard.press("p")
        for stretch, curve in STRETCHES.items():
            page.locator("[data-part=stretch]").select_option(stretch)
            expected = 255 * curve(blocks[picture][0, 0])[::-1]
            known = ~np.isnan(expected)
            difference = np.abs(drawn_on(page, expected.shape) - expected)[known]
            assert difference.max() <= 1.5, f"{picture}, {stretch}: more than 1/255 and half a step for rounding"
        page.keyboard.press("p")
        page.locator("[data-answer=yes]").click()
    assert seen == {*PICTURES}


def make_workflow_of(blocks):
    survey = sky.survey("night")
    array, first = PixelStore(settings.PIXELS).append("night", np.stack([*blocks.values()]))
    places = [{"zarr_array": array, "zarr_index": first + n, "checksum": f"a{n}"} for n in range(len(blocks))]
    rows = Subject.objects.bulk_create(
        Subject(survey=survey, external_id=name, object_group=name, kind="stamp", **place)
        for name, place in zip(blocks, places, strict=True)
    )
    workflow = sky.workflow(survey)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="all"))
    workflow.subject_sets.get().subjects.add(*rows)
    enqueue_subjects(workflow)


def test_the_page_is_small_and_asks_nobody_else(workflow, open_page):
    page = open_page("about:blank")
    responses = []
    page.on("response", lambda response: responses.append(response))
    page.goto("/classify/night/")
    ready(page)
    ours = [each for each in responses if "/pixels/" not in each.url]
    bodies = {each.url: len(gzip.compress(each.body())) for each in ours}
    assert sum(bodies.values()) <= 150_000, bodies
    assert all(re.match(r"http://127\.0\.0\.1:\d+/", url) for url in bodies)


def test_whoever_arrives_by_a_link_may_choose_the_language(workflow, open_page):
    page = open_page("/classify/night/", width=390)
    ready(page)
    page.get_by_role("button", name="Help and shortcuts").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html[lang=de]")).to_be_attached()
    ready(page)
    assert page.url.endswith("/classify/night/")
    expect(page.get_by_role("button", name="Unsicher")).to_be_visible()
