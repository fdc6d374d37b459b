"""Several frames of one subject: blink, strip, follow, stack, and cubes over time."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import drawn_on, make_workflow, press, ready, standing, wait_until
from tests.acceptance.pictures import PAGE, PLACES, boxes, brightest, colours, part
from tests.acceptance.skies import CARDS, SIDE, STEP, mover, one_subject, place_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# To the right by 4 pixels of 1.8 arcsec in 0.24 hours, where the WCS has north 37 degrees off.
MOTION = {"ra": 150.0, "dec": 20.0, "rate": 30.0, "metadata": {"pa": 306.87}}


@pytest.mark.parametrize(
    "known", [{"places": PLACES}, {"known": MOTION, "opened": ["rate", "pa"]}], ids=["positions", "rate and angle"]
)
def test_a_tracklet_is_seen_side_by_side_along_its_motion_and_stacked(db, open_page, known):
    block = mover()
    block[:2, 0, 20:24, 20:24] = np.nan
    block[:, 0, 5, 5] = np.nan
    one_subject(block, "tracklet", cards=CARDS, **known)
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("linear")
    page.keyboard.press("v")
    assert len(boxes(page)) == 4
    page.keyboard.press("v")
    spots = []
    for _ in range(4):
        spots.append(brightest(page))
        page.keyboard.press(".")
    assert np.ptp(spots, axis=0) == pytest.approx([0, 0], abs=0.7 * boxes(page)[0]["width"] / SIDE)
    page.keyboard.press("v")
    expect(page.locator("figcaption")).to_have_text("stack")
    image = drawn_on(page, (SIDE, SIDE))[::-1]
    assert np.unravel_index(image.argmax(), image.shape) == (SIDE // 2, pytest.approx(SIDE // 2, abs=1))
    assert image[20:24, 20:24].max() < image.max() / 2
    assert len(np.unique(image)) > 20
    hatched = (colours(page) == (146, 60, 118)).all(axis=-1) | (colours(page) == (72, 30, 60)).all(axis=-1)
    assert hatched.sum() <= 40, "a pixel is missing only where no frame knows it"


def test_fixed_sky_holds_still_what_rests_on_the_sky(db, open_page):
    row = one_subject(mover(), "tracklet", cards=CARDS)
    for frame in row.frames.all():  # the telescope moved along with nothing: the brightest spot rests on the sky
        moved = place_in(frame.position)[0] - place_in(0)[0]
        frame.wcs = CARDS | {"CRPIX1": CARDS["CRPIX1"] + moved}
        frame.save()
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("linear")
    spread = {}
    for layout in ("Blink", "Fixed sky"):
        page.get_by_role("button", name=layout).click()
        spots = []
        for _ in range(4):
            spots.append(brightest(page))
            page.keyboard.press(".")
        spread[layout] = np.ptp(spots, axis=0) * SIDE / boxes(page)[0]["width"]
    assert spread["Blink"] == pytest.approx([3 * STEP, 0], abs=1)
    assert spread["Fixed sky"] == pytest.approx([0, 0], abs=0.7)


def test_without_positions_nothing_is_followed_but_frames_are_stacked(db, open_page):
    one_subject(mover(), "tracklet")
    page = open_page(PAGE)
    ready(page)
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Follow")).to_be_disabled()
    expect(part(page, "layouts-why")).to_contain_text("Follow needs every frame's time and place on the sky")
    expect(part(page, "layouts-why")).not_to_contain_text("Stack")
    page.get_by_role("button", name="Stack").click()
    expect(page.locator("figcaption")).to_have_text("stack")
    page.get_by_role("button", name="Blink").click()
    expect(part(page, "frame")).to_have_text("3 of 4")


def turns_in(page, seconds):
    """Count how often the frame changes."""
    return page.evaluate(
        """(seconds) => new Promise((done) => {
            let turns = 0;
            const label = document.querySelector("[data-part=frame]");
            const observer = new MutationObserver(() => { turns += 1; });
            observer.observe(label, { childList: true });
            setTimeout(() => { observer.disconnect(); done(turns); }, 1000 * seconds);
        })""",
        seconds,
    )


def test_the_speed_can_be_changed(db, open_page):
    one_subject(mover(), "tracklet")
    page = open_page(PAGE)
    ready(page)
    usual = turns_in(page, 2)
    assert 0 < usual <= 5
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("p")
    expect(part(page, "speed-value")).to_have_text("4 per second")
    assert usual < turns_in(page, 2) <= 9
    for _ in range(5):
        page.keyboard.press("[")
    expect(part(page, "speed-value")).to_have_text("0.5 per second")
    assert turns_in(page, 3) <= 2


def test_where_motion_is_not_wanted_it_never_turns_more_than_three_times_a_second(db, open_page):
    one_subject(mover(), "tracklet")
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert turns_in(page, 1) == 0
    page.keyboard.press(" ")
    assert 0 < turns_in(page, 2) <= 6


def test_a_cube_has_a_time_slider(db, open_page):
    one_subject(mover(12), "cube", cards=CARDS, places=[place_in(frame, 12) for frame in range(12)])
    page = open_page(PAGE, reduced_motion="reduce")
    ready(page)
    slider = page.get_by_role("slider", name="Time")
    slider.focus()
    page.keyboard.press("End")
    expect(part(page, "frame")).to_have_text("12 of 12")
    expect(part(page, "when")).to_have_text("+158 min")
    page.get_by_role("button", name="Next frame").click()
    expect(part(page, "frame")).to_have_text("1 of 12")
    page.keyboard.press(" ")
    expect(part(page, "frame")).to_have_text(re.compile("[3-6] of 12"))


def test_a_warning_goes_with_its_subject(db, open_page):
    make_workflow(frames=3)
    page = open_page("/classify/night/", reduced_motion="reduce")
    warning = page.get_by_text("You haven't seen every frame yet.").first
    first = press(page, "y")
    expect(warning).to_be_visible()
    page.keyboard.press("y")
    wait_until(page, lambda: standing() == {first: "yes"})
    ready(page)
    expect(warning).to_be_hidden(timeout=1000)
