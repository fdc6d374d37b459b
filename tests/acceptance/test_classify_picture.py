"""Display tools of the picture, in a real browser."""

import math
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from playwright.sync_api import expect

from tests.acceptance.classifying import drawn_on, make_workflow, ready
from tests.acceptance.fingers import swipe
from tests.acceptance.pictures import PAGE, PLACES, boxes, colours, part, slide
from tests.acceptance.skies import CARDS, SIDE, mover, one_subject, source
from webapp.classifications.models import Classification

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


SWITCHES = "invert", "loupe"  # on and off


def test_choices_stay_from_subject_to_subject_and_from_visit_to_visit(db, open_page):
    make_workflow(n=3)
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("histogram")
    part(page, "colours").select_option("ember")
    part(page, "invert").click()
    slide(page, "white", "0.5")
    page.keyboard.press("y")
    for visit in range(2):
        ready(page)
        expect(part(page, "stretch")).to_have_value("histogram")
        expect(part(page, "colours")).to_have_value("ember")
        expect(part(page, "invert")).to_have_attribute("aria-pressed", "true")
        expect(part(page, "white")).to_have_value("0.5")
        assert np.ptp(colours(page).astype(int), axis=-1).max() > 60, "it is drawn in colour"
        if not visit:
            page.reload()
    page.keyboard.press("s")
    expect(part(page, "stretch")).to_have_value("zscale")
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    chosen, other = (part(page, name).evaluate("each => getComputedStyle(each).backgroundColor") for name in SWITCHES)
    assert chosen != other, "also where the system leaves no colour of ours"


def test_black_and_white_move_the_limits(db, open_page):
    ramp = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)
    one_subject(ramp)
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("linear")
    slide(page, "black", "0.2")
    slide(page, "white", "0.6")
    expected = 255 * np.clip((ramp[0, 0, ::-1] - 0.2) / 0.4, 0, 1)
    assert np.abs(drawn_on(page, expected.shape) - expected).max() <= 1.5
    page.get_by_role("button", name="Reset levels").click()
    assert np.abs(drawn_on(page, expected.shape) - 255 * ramp[0, 0, ::-1]).max() <= 1.5


def test_colour_maps_grow_evenly_lighter_and_missing_pixels_look_like_none_of_them(db, open_page):
    ramp = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 1, 64, 64)
    ramp[0, 0, -4:, :4] = np.nan
    one_subject(ramp)
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("linear")
    for name in ("grey", "dusk", "ember", "heat", "cool"):
        part(page, "colours").select_option(name)
        image = colours(page)
        light = ((image / 255) ** 2.2) @ [0.2126, 0.7152, 0.0722]
        in_order = light[::-1].reshape(-1)[np.isfinite(ramp[0, 0].reshape(-1))]
        assert (np.diff(in_order[::64]) > -0.004).all(), name
        assert in_order[-1] - in_order[0] > 0.6, name
        hatch = {tuple(colour) for colour in image[:4, :4].reshape(-1, 3)}
        assert hatch == {(146, 60, 118), (72, 30, 60)}
    expect(part(page, "holes")).to_be_visible()


def test_frames_share_one_normalisation(db, open_page):
    block = np.random.default_rng(0).normal(0, 0.1, (3, 1, SIDE, SIDE)).astype(np.float32)
    for frame, brightness in enumerate([100, 50, 25]):
        block[frame] += source(SIDE, SIDE, 31, 31, brightness)
    one_subject(block, "tracklet")
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("linear")
    peaks = []
    for _ in range(3):
        peaks.append(int(drawn_on(page, (SIDE, SIDE)).max()))
        page.keyboard.press(".")
    assert peaks == [pytest.approx(peak, abs=3) for peak in (255, 128, 64)]


def test_all_channels_are_zoomed_and_moved_together(db, open_page):
    one_subject(mover(1, 3), channels=["difference", "science", "template"])
    page = open_page(PAGE)
    ready(page)
    before = boxes(page)
    at = (before[1]["x"] + 0.7 * before[1]["width"], before[1]["y"] + 0.3 * before[1]["height"])
    page.mouse.move(*at)
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => document.querySelector('.pictures canvas').getBoundingClientRect().width > 600")
    zoomed = boxes(page)
    assert [box["width"] for box in zoomed] == [pytest.approx(2 * before[0]["width"], rel=0.01)] * 3
    assert (at[0] - zoomed[1]["x"]) / zoomed[1]["width"] == pytest.approx(0.7, abs=0.005)
    page.mouse.down()
    page.mouse.move(at[0] + 60, at[1] + 20, steps=3)
    page.mouse.up()
    moved = boxes(page)
    assert [new["x"] - old["x"] for new, old in zip(moved, zoomed, strict=True)] == [pytest.approx(60, abs=1)] * 3
    page.keyboard.press("r")
    assert boxes(page) == before
    page.keyboard.press("o")
    assert [box["width"] for box in boxes(page)] == [pytest.approx(SIDE, abs=0.01)] * 3
    page.keyboard.press("r")
    page.keyboard.press("+")
    page.keyboard.press("=")
    page.keyboard.press("Shift+ArrowRight")
    assert boxes(page)[0]["width"] == pytest.approx(2 * before[0]["width"], rel=0.01)
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert boxes(page) == [pytest.approx(box, abs=0.5) for box in before]
    assert not Classification.objects.exists(), "looking around is no answer"
    on_a_french_keyboard = {"key": "é", "code": "Digit2", "bubbles": True}
    page.evaluate("(key) => document.body.dispatchEvent(new KeyboardEvent('keydown', key))", on_a_french_keyboard)
    assert len(boxes(page)) == 1


def test_every_subject_begins_whole(db, open_page):
    make_workflow(n=3)
    page = open_page(PAGE)
    ready(page)
    before = boxes(page)
    page.keyboard.press("+")
    page.keyboard.press("y")
    ready(page)
    assert boxes(page) == before


def test_two_fingers_zoom_and_one_looks_around(db, open_page):
    one_subject(mover(1, 1))
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    before = boxes(page)[0]
    swipe(page, ((150, 250), (100, 250)), ((240, 250), (290, 250)))
    zoomed = boxes(page)[0]
    assert zoomed["width"] / before["width"] == pytest.approx(190 / 90, rel=0.05)
    swipe(page, ((200, 250), (160, 270)))
    moved = boxes(page)[0]
    assert (moved["x"] - zoomed["x"], moved["y"] - zoomed["y"]) == (pytest.approx(-40, abs=9), pytest.approx(20, abs=7))
    assert page.evaluate("[scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]


def test_buttons_look_around_in_a_magnified_picture(db, open_page):
    one_subject(mover(), "tracklet", cards=CARDS, places=PLACES)
    page = open_page(PAGE)
    ready(page)
    page.get_by_role("button", name="Picture").click()
    around = page.get_by_role("group", name="Pan").get_by_role("button")
    assert [button.is_disabled() for button in around.all()] == [True] * 4
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    before = boxes(page)[0]
    for name, (right, down) in {"Pan up": (0, 1), "Pan right": (-1, 1), "Pan down": (-1, 0)}.items():
        page.get_by_role("button", name=name).click()
        box = boxes(page)[0]
        assert (np.sign(round(box["x"] - before["x"])), np.sign(round(box["y"] - before["y"]))) == (right, down)
    page.get_by_role("button", name="Pan left").click()
    assert boxes(page)[0] == pytest.approx(before, abs=1)


def test_on_a_phone_the_tools_are_behind_one_button(db, open_page):
    one_subject(mover(), "tracklet", cards=CARDS, places=PLACES)
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    expect(part(page, "stretch")).to_be_hidden()
    page.get_by_role("button", name="Picture").tap()
    for name in ("stretch", "colours", "black", "white", "speed"):
        part(page, name).scroll_into_view_if_needed()
        assert part(page, name).bounding_box()["height"] >= 43.5
    for button in part(page, "panel").get_by_role("button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 43.5, button.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Close").tap()
    expect(part(page, "stretch")).to_be_hidden()
    for leave in (lambda: page.keyboard.press("Escape"), lambda: page.touchscreen.tap(150, 20)):
        page.get_by_role("button", name="Picture").tap()
        expect(part(page, "stretch")).to_be_visible()
        leave()
        expect(part(page, "stretch")).to_be_hidden()
    paused = page.get_by_role("button", name="Play")
    page.touchscreen.tap(195, 200)
    expect(paused).to_be_visible()


def test_north_and_the_scale_follow_the_wcs(db, open_page):
    one_subject(mover(1), cards=CARDS, places=[PLACES[0]])
    page = open_page(PAGE)
    ready(page)
    north = page.locator("[data-part=north] line").first
    x, y = (float(north.get_attribute(name)) for name in ("x2", "y2"))
    assert math.degrees(math.atan2(x, -y)) == pytest.approx(math.degrees(math.atan2(3, 4)), abs=0.1)
    letter = page.locator("[data-part=north] text").first
    middle = math.hypot(*(float(letter.get_attribute(name)) for name in ("x", "y")))
    height = letter.evaluate("text => parseFloat(getComputedStyle(text).fontSize)")
    assert middle + height / 2 < part(page, "north").bounding_box()["height"] / 2, (
        "no letter is cut, whatever the angle"
    )
    arcsec = float(re.fullmatch(r"(\d+)″", part(page, "length").inner_text())[1])
    pixel = boxes(page)[0]["width"] / SIDE
    assert part(page, "bar").bounding_box()["width"] / pixel * 1.8 == pytest.approx(arcsec, rel=0.03)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert float(part(page, "length").inner_text().rstrip("″")) < arcsec


def test_without_a_wcs_the_scale_is_in_pixels_and_nothing_points_north(db, open_page):
    one_subject(mover(1))
    page = open_page(PAGE)
    ready(page)
    expect(part(page, "north")).to_be_hidden()
    expect(part(page, "length")).to_have_text(re.compile(r"pixels?$"))


def test_the_pixel_under_the_pointer_is_read_out(db, open_page):
    block = mover(1)
    block[0, 0, 5, 7] = 123.4
    block[0, 0, 10, 7] = np.nan
    one_subject(block, cards=CARDS, places=[PLACES[0]])
    page = open_page(PAGE)
    ready(page)
    expect(part(page, "readout")).to_be_hidden()
    box = boxes(page)[0]
    pixel = box["width"] / SIDE
    page.mouse.move(box["x"] + 7.5 * pixel, box["y"] + (SIDE - 5.5) * pixel)
    text = part(page, "readout").inner_text()
    assert text.startswith("x 7, y 5 · ")
    value, position = text.split(" · ")[1:]
    assert float(value) == pytest.approx(123.4, abs=0.1)
    expected = WCS(fits.Header(CARDS)).pixel_to_world(7, 5)
    shown = [float(number) for number in re.findall(r"[\d.]+", position)]
    assert shown == pytest.approx([expected.ra.deg, expected.dec.deg], abs=0.3 / 3600)
    page.mouse.move(box["x"] + 7.5 * pixel, box["y"] + (SIDE - 10.5) * pixel)
    expect(part(page, "readout")).to_contain_text("no data")
    page.mouse.move(5, 5)
    expect(part(page, "readout")).to_be_hidden()


def test_the_cross_hair_leaves_the_object_free_and_can_be_hidden(db, open_page):
    one_subject(mover(), "tracklet", cards=CARDS, places=PLACES)
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press(".")
    box = boxes(page)[0]
    pixel = box["width"] / SIDE
    x, y = PLACES[1]
    at = (box["x"] + (x + 0.5) * pixel, box["y"] + (SIDE - y - 0.5) * pixel)
    arms = [line.bounding_box() for line in page.locator(".crosshair .stroke").all()]
    assert len(arms) == 4
    assert min(arm["x"] + arm["width"] for arm in arms) < at[0] < max(arm["x"] for arm in arms)
    for arm in arms:
        distance = math.hypot(arm["x"] + arm["width"] / 2 - at[0], arm["y"] + arm["height"] / 2 - at[1])
        assert distance - max(arm["width"], arm["height"]) / 2 > 10
    page.keyboard.press("x")
    expect(page.locator(".crosshair")).to_have_count(0)
    page.reload()
    ready(page)
    expect(page.locator(".crosshair")).to_have_count(0)


def test_a_cutout_is_magnified_under_the_pointer(db, open_page):
    block = np.random.default_rng(0).normal(0, 1, (1, 1, 500, 700)).astype(np.float32)
    block[0, 0, 240:260, 340:360] = 1000
    one_subject(block, "cutout")
    page = open_page(PAGE)
    ready(page)
    box = boxes(page)[0]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    glass = part(page, "loupe-glass")
    expect(glass).to_be_visible()
    middle = glass.locator("canvas").evaluate(
        "(c) => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    )
    assert middle == 255
    page.keyboard.press("m")
    expect(glass).to_be_hidden()
