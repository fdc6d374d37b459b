"""Training in a real browser: tutorial, field guide, feedback with its circle, the editor, the skill page."""

import io
import re

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import call_command
from PIL import Image
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, ready, wait_until
from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.guides.guide_texts import write_text
from webapp.guides.models import GuideText, TutorialProgress
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP, PHONE = (1440, 900), (390, 844)
STEPS = "# Watch it move\n\nA *mover* changes its place.\n\n# Three answers\n\nUnsure is one.\n\n# Go\n\nEnjoy the sky."
GUIDE = "# Yes\n\nA round dot that moves. It is in every frame.\n\n# No\n\nAnything else: sharp cosmic rays, spikes.\n"


@pytest.fixture
def workflow(db):
    cache.clear()
    return make_workflow(n=8, gold=4, training_schedule=[[0, 1.0]])


def write(workflow, kind, body, based_on=0):
    of = {"survey": workflow.survey, "workflow": None if kind == "field-guide" else workflow, "kind": kind}
    return write_text(**of, language="en", body=body, based_on=based_on, by=None)


def no_wider_than(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_tutorial_comes_first_is_resumed_and_comes_no_more(workflow, open_page):
    width, height = PHONE
    write(workflow, "tutorial", STEPS)
    page = open_page("/classify/night/", width=width, height=height)
    dialog = page.get_by_role("dialog", name="Tutorial")
    expect(dialog.get_by_role("heading", name="Watch it move")).to_be_visible()
    expect(dialog.get_by_text("Step 1 of 3")).to_be_visible()
    no_wider_than(page, width)
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("heading", name="Three answers")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Watch it move")).to_be_hidden()
    wait_until(page, lambda: TutorialProgress.objects.filter(step=1).exists())
    page.reload()
    expect(dialog.get_by_text("Step 2 of 3")).to_be_visible()
    page.keyboard.press("y")  # keys belong to the dialog while it is open
    dialog.get_by_role("button", name="Next").click()
    dialog.get_by_role("button", name="Start classifying").click()
    wait_until(page, lambda: TutorialProgress.objects.filter(finished_at__isnull=False).exists())
    assert not Classification.objects.exists()
    page.reload()
    ready(page)
    expect(dialog).to_be_hidden()
    write(workflow, "tutorial", STEPS + "\n\n# More", based_on=1)
    page.reload()
    expect(dialog.get_by_text("Step 1 of 4")).to_be_visible()


def test_whoever_has_read_the_built_in_tutorial_is_no_longer_asked_to(workflow, open_page):
    page = open_page("/classify/night/")
    ready(page)
    first_time = page.get_by_text("First time here?")
    page.get_by_role("button", name="Show me how").click()
    for _ in range(3):
        page.get_by_role("button", name="Next").click()
    expect(first_time).to_be_visible()
    page.get_by_role("button", name="Start classifying").click()
    expect(first_time).to_have_count(0)
    expect(page.get_by_role("heading", name="Is it real?")).to_be_focused()
    page.reload()
    ready(page)
    expect(first_time).to_have_count(0)


def test_the_field_guide_is_searched_over_the_picture(workflow, open_page):
    width, height = PHONE
    write(workflow, "field-guide", GUIDE)
    [free] = sky.subjects(workflow.survey, [True], prefix="free", seed=5)
    sky.make_gold([free], [True])
    page = open_page("/classify/night/", width=width, height=height)
    ready(page)
    page.get_by_role("button", name="Field guide").click()
    dialog = page.get_by_role("dialog", name="Field guide")
    expect(dialog.get_by_role("heading", name="No")).to_be_visible()
    example = dialog.get_by_role("img", name=f"yes, {free.external_id}")
    expect(example).to_be_visible()
    wait_until(page, lambda: example.evaluate("image => image.naturalWidth > 0"))
    assert dialog.get_by_role("img").count() == 1
    dialog.get_by_label("Search the field guide").fill("cosmic sharp")
    expect(dialog.get_by_role("heading", name="Yes")).to_be_hidden()
    expect(dialog.get_by_text("1 entry")).to_be_visible()
    no_wider_than(page, width)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_nothing_of_it_is_loaded_before_it_is_wanted(workflow, open_page):
    write(workflow, "field-guide", GUIDE)
    page = open_page("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/classify/night/")
    ready(page)
    assert not [url for url in asked if "guide.css" in url or "tutorial.js" in url or "/guide/" in url]


def test_a_synthetic_mover_is_circled_after_the_answer(workflow, open_page):
    Subject.objects.filter(gold_label="yes").update(gold_label="no")
    Workflow.objects.update(is_training=True)
    call_command("inject", "night", "--number", "1", "--snr", "20", "20", "--label", "yes")
    workflow.queue.filter(subject__is_synthetic=False).delete()
    page = open_page("/classify/night/")
    ready(page)
    page.get_by_role("button", name="No N").click()
    expect(page.locator("[data-part=feedback]")).to_contain_text("Synthetic mover, S/N ")
    thumbnail = page.locator('[data-part="thumbnail"]')
    made = Subject.objects.get(is_synthetic=True)
    x, y = made.metadata["!synthetic"]["path"][0]
    assert thumbnail.get_attribute("data-circled") == f"{x} {y}".replace(".0 ", " ").removesuffix(".0")
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_role("heading", name="Training complete")).to_be_visible()
    page.get_by_role("link", name="Your skill").click()
    expect(page.get_by_role("heading", name="Your skill")).to_be_visible()


def test_a_scientist_writes_with_a_live_preview_and_a_picture(workflow, open_page, tmp_path):
    width, height = DESKTOP
    scientist = member(workflow.survey, "scientist")
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    page = open_page("/surveys/night/guides/", width=width, height=height, user=scientist)
    page.get_by_role("link", name=re.compile("English.*Tutorial")).click()
    page.get_by_label("Text, in Markdown").fill("# First\n\nLook **here**.\n")
    expect(page.locator("#preview").get_by_text("Step 1 of 1")).to_be_visible()
    expect(page.locator("#preview strong")).to_have_text("here")
    page.get_by_label("Image, up to").set_input_files(tmp_path / "a.png")
    page.get_by_label("Alt text").fill("A mover")
    page.get_by_role("button", name="Insert image").click()
    expect(page.locator("#preview").get_by_role("img", name="A mover")).to_be_visible()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    no_wider_than(page, width)
    page.get_by_role("button", name="Save and publish").click()
    expect(page.get_by_text("Version 1 saved and published.")).to_be_visible()
    assert "![A mover](/guide-images/" in GuideText.objects.get().body


def test_the_error_of_an_image_is_gone_with_the_next_one(workflow, open_page, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no image")
    page = open_page("/surveys/night/story/", user=member(workflow.survey, "scientist"))
    page.get_by_label("Image, up to").set_input_files(tmp_path / "a.png")
    page.get_by_label("Alt text").fill("A mover")
    page.get_by_role("button", name="Insert image").click()
    status = page.locator('[data-part="picture-status"]')
    expect(status).to_contain_text("not a readable image")
    page.get_by_label("Image, up to").set_input_files(tmp_path / "b.png")
    expect(status).to_be_empty()
    page.get_by_role("button", name="Insert image").click()
    expect(status).to_contain_text("not a readable image")
    page.get_by_label("Alt text").fill("Another")
    expect(status).to_be_empty()


WARNS = """() => {
  const leaving = new Event("beforeunload", { cancelable: true });
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""


def test_a_text_that_was_refused_is_still_unsaved(workflow, open_page):
    page = open_page("/surveys/night/guides/", user=member(workflow.survey, "scientist"))
    page.get_by_role("link", name=re.compile("English.*Tutorial")).click()
    expect(page.get_by_label("Text, in Markdown")).to_be_visible()
    assert not page.evaluate(WARNS)
    page.get_by_label("Text, in Markdown").fill("mine")
    write(workflow, "tutorial", STEPS)
    page.get_by_role("button", name="Save and publish").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.get_by_label("Text, in Markdown")).to_have_value("mine")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    assert page.evaluate(WARNS)


@pytest.mark.parametrize("fail", [lambda route: route.abort(), lambda route: route.fulfill(status=502, body="<p>")])
def test_a_picture_that_did_not_arrive_is_spoken_of_in_the_readers_language(workflow, open_page, tmp_path, fail):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    page = open_page("/", user=member(workflow.survey, "scientist"))
    page.context.set_extra_http_headers({"Accept-Language": "de"})
    page.goto("/surveys/night/guides/field-guide/de/")
    page.locator("#picture").set_input_files(tmp_path / "a.png")
    page.locator("#picture-words").fill("Ein Punkt")
    intercept(page, "**/guides/images/", fail)
    page.locator("[data-part=picture-form] button").click()
    expect(page.locator("[data-part=picture-status]")).to_contain_text("Das Hochladen ist gescheitert")


def test_ones_own_skill_is_drawn_and_tabled(workflow, open_page):
    width, height = DESKTOP
    page = open_page("/classify/night/", width=width, height=height)
    for key in "ynyu":
        ready(page)
        page.keyboard.press(key)
        expect(page.locator("[data-part=why]")).not_to_be_empty()  # the reply has come, and any mistake is told
    wait_until(page, lambda: Classification.objects.count() == 4)
    Workflow.objects.update(undo_seconds=0)
    wait_until(page, lambda: Volunteer.objects.filter(skills__isnull=False).exists())
    page.goto("/skill/")
    expect(page.locator("[data-skill] .bk-Canvas, [data-skill] canvas").first).to_be_attached()
    page.get_by_text("Show as a table").click()
    table = page.get_by_role("region", name="Skill over time night")
    expect(table.get_by_role("columnheader", name="Sensitivity")).to_be_visible()
    no_wider_than(page, width)
