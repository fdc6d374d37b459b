"""After an answer: a kind chosen by number, a pause after a mistake, and a stage that keeps still."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import ECHO, make_workflow, press, ready, shown, standing, wait_until
from tests.acceptance.pictures import PAGE, boxes, part
from tests.acceptance.skies import mover, one_subject
from webapp.classifications.models import Classification
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KINDS = {"no": ["CR", "NOISE"]}
RING_PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) found += data[i] === 255 && data[i + 1] === 209 && data[i + 2] === 102;
  return found;
}"""


def given(page):
    return dict(Classification.objects.values_list("answer", "follow_up"))


def test_the_kind_is_asked_before_the_next_subject_by_full_name_and_number(db, open_page):
    make_workflow(follow_ups=KINDS, follow_up_first=True)
    page = open_page(PAGE)
    name = press(page, "n")
    dialog = page.get_by_role("dialog", name="What kind is it?")
    expect(dialog.get_by_role("button", name="cosmic ray")).to_be_visible()
    wait_until(page, lambda: dialog.locator("img").first.evaluate("image => image.naturalWidth > 0"))
    assert page.locator("[data-subject]").get_attribute("data-subject") == name
    assert standing() == {}
    page.keyboard.press("2")
    expect(dialog).to_be_hidden()
    wait_until(page, lambda: given(page) == {"no": "NOISE"})


def test_going_back_keeps_the_subject_and_skipping_answers_without_a_kind(db, open_page):
    make_workflow(follow_ups=KINDS, follow_up_first=True)
    page = open_page(PAGE)
    name = press(page, "n")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="What kind is it?")).to_be_hidden()
    assert ready(page) == name
    press(page, "n")
    page.keyboard.press("0")
    wait_until(page, lambda: given(page) == {"no": ""})
    press(page, "y")  # no kinds are offered after yes
    wait_until(page, lambda: given(page) == {"no": "", "yes": ""})


def test_numbers_choose_a_kind_after_a_look_at_the_picture_and_leave_the_picture_as_it_is(db, open_page):
    one_subject(
        mover(frames=1, channels=2), channels=["g", "r"], follow_ups=KINDS, follow_up_first=True, undo_seconds=300
    )
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("k")
    expect(page.locator("[data-part=notice]")).to_contain_text("no kinds to choose from")
    press(page, "n")
    dialog = page.get_by_role("dialog", name="What kind is it?")
    expect(dialog).to_be_visible()
    page.mouse.click(700, 200)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    press(page, "n")
    page.keyboard.press("2")
    expect(dialog).to_be_hidden()
    wait_until(page, lambda: given(page) == {"no": "NOISE"})
    page.keyboard.press("z")
    ready(page)
    assert len(boxes(page)) == 2, "the key has chosen a kind, and no channel too"


def test_a_wrong_practice_answer_pauses_once_and_shows_where_the_object_is(db, open_page):
    make_workflow(gold=30, is_training=True)
    page = open_page(PAGE)
    ready(page)
    truth = dict(Workflow.objects.get().survey.subjects.values_list("external_id", "gold_label"))
    wrong = {"yes": "n", "no": "y"}
    page.keyboard.press(wrong[truth[page.locator("[data-subject]").get_attribute("data-subject")]])
    dialog = page.locator("dialog.mistake")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading")).to_contain_text("Not quite")
    assert dialog.locator("canvas").get_attribute("data-circled")
    assert dialog.locator("canvas").evaluate(RING_PIXELS) > 500, "a ring that is neither blurred nor pale"
    page.keyboard.press("y")  # keys answer nothing meanwhile
    page.wait_for_timeout(ECHO)
    assert Classification.objects.count() == 1
    dialog.get_by_role("button", name="Got it").click()
    expect(dialog).to_be_hidden()
    name = ready(page)
    page.keyboard.press({"yes": "y", "no": "n"}[truth[name]])
    wait_until(page, lambda: Classification.objects.count() == 2)
    page.wait_for_timeout(ECHO)
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_mistake_about_several_frames_shows_them_all(db, open_page, width, height):
    make_workflow(gold=30, is_training=True, frames=4)
    page = open_page(PAGE, width=width, height=height)
    ready(page)
    truth = dict(Workflow.objects.get().survey.subjects.values_list("external_id", "gold_label"))
    wrong = {"yes": "n", "no": "y"}[truth[shown(page)]]
    page.keyboard.press(wrong)
    page.wait_for_timeout(ECHO)
    page.keyboard.press(wrong)  # although not every frame was seen
    canvases = page.locator("dialog.mistake canvas")
    expect(canvases).to_have_count(4)
    assert [canvas.get_attribute("data-frame") for canvas in canvases.all()] == ["0", "1", "2", "3"]
    assert all(canvas.get_attribute("data-circled") for canvas in canvases.all())
    sides = [canvas.bounding_box() for canvas in canvases.all()]
    assert len({(side["x"], side["y"]) for side in sides}) == 4
    assert all(side["width"] > 60 and side["y"] + side["height"] < height for side in sides)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (820, 1180)])
def test_the_stage_never_resizes_and_no_button_stays_lit(db, open_page, width, height):
    make_workflow(follow_ups=KINDS)
    page = open_page(PAGE, width=width, height=height)
    ready(page)
    sizes = set()
    before = part(page, "answers").locator(".no").evaluate("button => getComputedStyle(button).backgroundColor")
    for answer in ("no", "yes", "unsure", "no"):
        page.locator(f"[data-answer={answer}]").click()
        ready(page)
        sizes.add(page.evaluate("JSON.stringify(document.querySelector('.stage').getBoundingClientRect())"))
    assert len(sizes) == 1, sizes
    after = part(page, "answers").locator(".no").evaluate("button => getComputedStyle(button).backgroundColor")
    assert after == before
