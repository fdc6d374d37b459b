"""The classify page's viewer on a subject's page: raw pixels, blink, strip, stretches, by key and by button."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import wait_until
from tests.acceptance.fingers import swipe
from tests.acceptance.people import member
from tests.acceptance.pictures import PLACES, boxes, brightest, colours, part
from tests.acceptance.skies import CARDS, SIDE, mover, one_subject
from webapp.archive.models import Subject

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def subject(db):
    one_subject(mover(), "tracklet", cards=CARDS, places=PLACES)
    return Subject.objects.get()


def viewed(page):
    expect(page.locator(".pictures canvas").first).to_be_visible()
    return page


def test_a_subjects_page_blinks_and_shows_frames_side_by_side(subject, open_page):
    page = viewed(open_page(f"/surveys/night/subjects/{subject.pk}/", reduced_motion="reduce"))
    before = brightest(page)
    page.keyboard.press(".")
    assert np.hypot(*np.subtract(brightest(page), before)) > 10, "the mover is elsewhere in the next frame"
    page.keyboard.press("v")
    assert len(boxes(page)) == 4
    linear = colours(page)
    page.keyboard.press("p")
    part(page, "stretch").select_option("log")
    assert not np.array_equal(colours(page), linear)


def test_scientists_judge_with_the_same_viewer_on_the_votes_page(subject, open_page):
    user = member(subject.survey, "scientist")
    page = viewed(open_page(f"/surveys/night/consensus/subjects/{subject.pk}/", user=user, reduced_motion="reduce"))
    assert len(np.unique(colours(page))) > 20
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_text("Ruled yes.").first).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_magnifier_enlarges_what_is_under_the_pointer_in_every_view(subject, open_page, width, height):
    address = f"/surveys/night/subjects/{subject.pk}/"
    page = viewed(open_page(address, width=width, height=height, reduced_motion="reduce"))
    glass = part(page, "loupe-glass")
    page.mouse.move(*place(page, 0, PLACES[0]))
    expect(part(page, "readout")).to_be_visible()
    expect(glass).to_be_hidden()
    page.keyboard.press("m")
    shown = []
    for _ in ("blink", "strip", "follow", "sky", "stack"):
        for which, _box in enumerate(boxes(page)):
            x, y = place(page, which, PLACES[which])
            page.mouse.move(x, y)
            expect(glass).to_be_visible()
            over = glass.bounding_box()
            assert not (over["x"] <= x <= over["x"] + over["width"] and over["y"] <= y <= over["y"] + over["height"])
            column, row = PLACES[which]
            under = colours(page, which)[SIDE - 1 - row, column, 0]
            assert abs(middle_of(glass) - under) <= 1
            shown.append(under)
        page.keyboard.press("v")
    assert len(shown) == 8
    assert min(shown[:5]) > 200, "the mover is enlarged in each frame of the strip"
    page.keyboard.press("m")
    expect(glass).to_be_hidden()


def place(page, which, pixel):
    """Return where in the window a picture shows a pixel, counted from 0 at the lower left."""
    box = boxes(page)[which]
    side = box["width"] / SIDE
    return box["x"] + (pixel[0] + 0.5) * side, box["y"] + (SIDE - 1 - pixel[1] + 0.5) * side


def middle_of(glass):
    """Return the brightness in the middle of the magnifier."""
    return glass.locator("canvas").evaluate(
        "(c) => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    )


def test_the_four_frames_of_a_tracklet_fit_a_phone(subject, open_page):
    page = viewed(open_page(f"/surveys/night/subjects/{subject.pk}/", width=390, height=844, reduced_motion="reduce"))
    page.keyboard.press("v")
    assert len(boxes(page)) == 4
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 391 for box in boxes(page))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_finger_scrolls_the_page_past_a_whole_picture_and_looks_around_in_a_magnified_one(subject, open_page):
    page = viewed(open_page(f"/surveys/night/subjects/{subject.pk}/", width=390, height=844, reduced_motion="reduce"))
    page.keyboard.press("+")
    before = boxes(page)[0]["y"]
    drag(page)
    assert boxes(page)[0]["y"] < before - 20
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("r")
    drag(page)
    wait_until(page, lambda: page.evaluate("scrollY") > 50)


def drag(page):
    """Draw a finger up over the picture."""
    box = page.locator(".pictures").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    swipe(page, ((x, y + 60), (x, y - 60)))


def test_an_image_that_does_not_load_is_said(subject, open_page):
    Subject.objects.update(zarr_index=99)
    page = open_page(f"/surveys/night/subjects/{subject.pk}/")
    expect(part(page, "broken")).to_contain_text("failed to load (404)")
