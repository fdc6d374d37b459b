"""The desk's rows in the viewer."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.desk import press, shown
from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from tests.integration.review.disagreements import DESK, N, disagreements, standing
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("view", ["list", "sheet"])
def test_a_rows_pictures_open_in_the_viewer_and_it_goes_along(survey, open_page, view, tmp_path):
    page = open_page(f"{DESK}&view={view}", user=member(survey, "scientist"))
    asked = []
    page.on("request", lambda request: asked.extend([request.url] if "subject.json" in request.url else []))
    viewer, fits = page.locator("[data-viewer]"), page.get_by_role("link", name="FITS")
    expect(viewer).to_be_hidden()
    expect(fits).to_have_count(0)
    page.keyboard.press("p")  # a closed viewer takes no keys
    press(page, "u")
    assert asked == [], "rows are not asked about before somebody looks"
    page.get_by_role("link", name="Pictures of s2").click()
    assert shown(page) == "s2"
    row = page.locator("[data-row]:has([data-viewer])")
    expect(row.locator(".strip")).to_be_hidden()
    expect(fits).to_have_count(1)
    assert fits.get_attribute("href") == f"/api/subjects/{survey.subjects.get(external_id='s2').pk}/fits/"
    page.screenshot(path=tmp_path / f"desk-{view}.png", full_page=True)
    assert viewer.bounding_box()["width"] > 500
    press(page, "u")
    assert shown(page) == "s1"
    press(page, "Shift+ArrowUp")  # pans
    press(page, "ArrowUp")
    press(page, "ArrowUp")
    assert shown(page) == "s3"
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    assert standing() == {"s3": "yes"}
    assert shown(page) == "s2"
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page.locator(".strip:visible")).to_have_count(N)
    press(page, "Enter")
    assert shown(page) == "s2"
    page.get_by_role("button", name="Close pictures").click()
    expect(viewer).to_be_hidden()
    assert len(asked) == len(set(asked)), "each subject is asked for once"


def test_enter_brings_the_viewer_into_sight(survey, open_page):
    page = open_page(f"{DESK}&view=sheet", user=member(survey, "scientist"), height=800)
    press(page, "Enter")
    assert shown(page) == "s5"
    box = page.locator("[data-viewer]").bounding_box()
    assert box["y"] >= 0, "its top is below the top of the window"
    assert box["y"] + box["height"] <= 800


def test_a_key_of_the_desk_gives_a_verdict_alone_whatever_it_does_on_the_classify_page(page):
    page.evaluate("localStorage.setItem('wanderers.keys', JSON.stringify({ panel: ['y'] }))")
    page.reload()
    press(page, "Enter")
    assert shown(page) == "s5"
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    expect(page.locator("[data-part=panel]")).to_be_hidden()


def test_the_desks_viewer_draws_volunteers_lines(survey, open_page):
    answer = Classification.objects.get(subject__external_id="s5", volunteer=Volunteer.objects.earliest("pk"))
    store_lines({answer: [Line(2, 3, 15, 12)]})
    page = open_page(f"{DESK}&view=single", user=member(survey, "scientist"))
    expect(page.locator(".annotation.volunteers text")).to_have_text("1")
    press(page, "b")
    expect(page.locator(".annotation")).to_have_count(0)
    press(page, "b")
    press(page, "u")
    expect(page.locator("[data-part=pictures][data-subject=s4] canvas")).to_be_visible()
    expect(page.locator(".annotation")).to_have_count(0)
    expect(page.locator("[data-part=annotations]")).to_be_hidden()


def test_a_subject_that_does_not_arrive_is_said_and_asked_for_again(survey, open_page):
    page = open_page(DESK, user=member(survey, "scientist"))
    intercept(page, "**/subject.json", lambda route: route.fulfill(status=500))
    press(page, "Enter")
    expect(page.locator("[data-part=broken]")).to_have_text("The server answered 500.")
    page.unroute("**/subject.json")
    page.keyboard.press("Escape")
    press(page, "Enter")
    assert shown(page) == "s5"
    expect(page.locator("[data-part=broken]")).to_be_hidden()


IS_UNDISTORTED = """it => getComputedStyle(it).objectFit === "contain"
    || Math.abs(it.width / it.height / (it.naturalWidth / it.naturalHeight) - 1) < 0.03"""


@pytest.mark.parametrize(("view", "width"), [("list", 390), ("sheet", 1440), ("sheet", 390)])
def test_all_four_frames_of_a_row_are_in_sight(db, open_page, width, view, tmp_path):
    survey = disagreements(frames=4)
    page = open_page(f"{DESK}&view={view}", user=member(survey, "scientist"), width=width)
    picture = page.locator("[data-row] .strip img").first
    expect(picture).to_be_visible()
    page.wait_for_function("() => document.querySelector('.strip img').naturalWidth > 4 * 192")
    page.screenshot(path=tmp_path / f"four-{view}-{width}.png", full_page=True)
    box, strip = picture.bounding_box(), page.locator(".strip").first
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert strip.evaluate("strip => strip.scrollWidth <= strip.clientWidth")
    assert picture.evaluate(IS_UNDISTORTED)
    assert box["width"] / 4 > 50, "a frame is large enough to see something"


def test_pictures_lead_to_their_subject_without_scripts(survey, open_page):
    scientist = member(survey, "scientist")
    for view in ("list", "single"):
        page = open_page(f"{DESK}&view={view}", user=scientist, java_script_enabled=False)
        page.get_by_role("link", name="Pictures of s5").click()
        page.wait_for_url(re.compile(r"/subjects/\d+/\?workflow=night$"))
