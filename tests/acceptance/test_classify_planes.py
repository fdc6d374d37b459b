"""Every plane of a subject is seen: dithers blink on a phone, the card shows the one with the object."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import drawn_on, ready, standing, wait_until
from tests.acceptance.pictures import PAGE, boxes, part
from tests.acceptance.skies import SIDE, mover, one_subject, source
from webapp.classifications.models import Mark

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DITHERS = ["dither 1", "dither 2", "dither 3"]


def dithers(noises=(3, 3, 3), bright=1):
    """Return a stamp of three dithers on skies of different noise; only one has an object in the middle."""
    rng = np.random.default_rng(4)
    block = np.stack([rng.normal(100 * (i + 1), noise, (SIDE, SIDE)) for i, noise in enumerate(noises)])
    block[bright] += source(SIDE, SIDE, SIDE // 2, SIDE // 2, 40 * noises[bright])
    return block[None].astype(np.float32)


def test_a_phone_blinks_the_dithers_of_a_stamp(db, open_page):
    one_subject(dithers(), channels=DITHERS)
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    assert len(boxes(page)) == 1
    for name in DITHERS:
        expect(page.locator("figcaption")).to_have_text(name)
    expect(part(page, "frame")).to_be_hidden()  # the caption says it, and the tools need the room


def test_a_wide_window_shows_all_dithers_at_once_and_a_key_chooses_one(db, open_page):
    one_subject(dithers(), channels=DITHERS)
    page = open_page(PAGE)
    ready(page)
    assert [each.inner_text() for each in page.locator("figcaption").all()] == DITHERS
    page.keyboard.press("2")
    expect(part(page, "frame")).to_have_text("dither 2")
    assert len(boxes(page)) == 1
    page.keyboard.press("0")
    assert len(boxes(page)) == 3
    page.keyboard.press("?")
    expect(page.locator("[data-part=key-list]")).to_contain_text("Third channel")
    expect(page.locator("[data-part=key-list]")).not_to_contain_text("Fourth channel")


def test_dithers_and_frames_are_matched_in_background_and_noise(db, open_page):
    one_subject(dithers(noises=(2, 7, 4), bright=0), channels=DITHERS)
    page = open_page(PAGE)
    ready(page)
    looks = []
    for key in "123":
        page.keyboard.press(key)
        image = drawn_on(page, (SIDE, SIDE))
        looks.append((np.median(image), np.ptp(np.percentile(image, [25, 75]))))
    middle, spread = np.array(looks).T
    assert np.ptp(middle) <= 12
    assert spread.max() / spread.min() < 1.25


@pytest.mark.parametrize("bright", [0, 2])
def test_the_card_shows_the_dither_with_the_object(db, open_page, bright):
    one_subject(dithers(bright=bright), channels=DITHERS)
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("y")
    expect(part(page, "thumbnail")).to_have_attribute("data-frame", str(bright))


def test_an_answer_before_every_frame_was_shown_asks_once(db, open_page):
    one_subject(mover(), "tracklet")
    page = open_page(PAGE, reduced_motion="reduce")
    name = ready(page)
    page.keyboard.press("y")
    expect(part(page, "notice")).to_contain_text("haven't seen every frame")
    assert standing() == {}
    page.keyboard.press("y")
    wait_until(page, lambda: standing() == {name: "yes"})


def test_an_answer_after_every_frame_was_shown_asks_nothing(db, open_page):
    one_subject(mover(), "tracklet")
    page = open_page(PAGE, reduced_motion="reduce")
    name = ready(page)
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press("y")
    wait_until(page, lambda: standing() == {name: "yes"})


def test_a_line_drawn_in_one_dither_belongs_to_it(db, open_page):
    one_subject(dithers(), channels=DITHERS, line_marking=True)
    page = open_page(PAGE)
    ready(page)
    box = boxes(page)[2]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=4)
    page.mouse.up()
    assert page.locator(".mark").count() == 1
    page.keyboard.press("y")
    wait_until(page, lambda: list(Mark.objects.values_list("frame", flat=True)) == [2])
