"""The volunteer's own pages in a real browser, on desktop and phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import ready, wait_until
from tests.acceptance.people import member
from tests.acceptance.pictures import slide
from tests.integration.learning import sky
from webapp.archive.models import Survey
from webapp.classifications.models import Classification
from webapp.community.models import Collection, Favourite
from webapp.queue.membership import enqueue_subjects
from webapp.review.rulings import rule

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = (390, 844)
SIZES = [(1440, 900), PHONE]
STORY = "## Why we look\n\nEvery clear night **four telescopes** photograph the sky.\n\n- stars stay\n- movers move"


@pytest.fixture
def workflow(db):
    survey = sky.survey("night", channels=["difference"], description="A sky to look at.", story=STORY)
    rows = sky.subjects(survey, [True, False] * 6)
    workflow = sky.workflow(survey, random_fraction=0.0, training_schedule=[[0, 0.0]])
    sky.queue(workflow, rows)
    enqueue_subjects(workflow)
    return workflow


@pytest.fixture
def ada(workflow):
    return member(Survey.objects.get(), "volunteer")


def answer(page, key):
    ready(page)
    before = Classification.objects.count()
    page.keyboard.press(key)
    wait_until(page, lambda: Classification.objects.count() == before + 1)


def fits(page, width):
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_joining_from_the_classify_page_returns_there_and_says_what_was_kept(workflow, open_page):
    page = open_page("/classify/night/")
    answer(page, "y")
    page.get_by_role("link", name="Join").click()
    page.get_by_label("Username").fill("vera")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password (again)").fill("correct horse battery")
    page.get_by_role("button", name="Join").click()
    expect(page.locator("[data-part=notice]")).to_contain_text("Your one earlier answer is now on your account.")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_from_the_first_visit_to_a_credit(workflow, ada, open_page, width, height):
    page = open_page("/", width=width, height=height, user=ada)
    page.get_by_role("link", name="About this project").click()
    expect(page.get_by_text("four telescopes")).to_be_visible()
    assert fits(page, width)
    page.goto("/you/recent/")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    page.get_by_role("link", name="Start classifying").click()
    page.get_by_role("link", name="Start night").click()
    answer(page, "y")
    page.get_by_role("button", name="Favourite").click()
    wait_until(page, lambda: Favourite.objects.count() == 1)
    answer(page, "n")
    first = Classification.objects.get(answer="yes")
    scientist = member(workflow.survey, "scientist")
    rule(subject=first.subject, workflow=workflow, scientist=scientist, verdict="yes")

    page.goto("/")
    expect(page.get_by_role("link", name="volunteer", exact=True)).to_be_visible()
    assert page.locator(".site-header").bounding_box()["height"] < 60, "all links are in one row"
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("link", name="News (1)").click()
    expect(page.get_by_text("You said yes to it")).to_be_visible()
    assert fits(page, width)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("link", name="News (1)")).to_have_count(0)
    page.get_by_role("link", name="Change your display name").click()
    page.get_by_label("Real name", exact=True).fill("Ada Lovelace")
    page.get_by_label("my real name").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Profile saved.")).to_be_visible()
    page.goto(f"/surveys/night/subjects/{first.subject_id}/")
    expect(page.get_by_text("First seen by: Ada Lovelace.")).to_be_visible()
    assert fits(page, width)


def test_hearts_and_collections_from_what_was_seen_last(workflow, ada, open_page):
    width, height = PHONE
    page = open_page("/classify/night/", width=width, height=height, user=ada)
    answer(page, "y")
    answer(page, "u")
    page.goto("/you/recent/")
    page.get_by_role("button", name="Favourite:").first.click()
    expect(page.locator(".heart[aria-pressed=true]")).to_have_count(1)
    page.get_by_label("Select").first.check()
    page.get_by_label("Add selected to a new collection called").fill("Strange ones")
    page.get_by_role("button", name="Add to collection").click()
    expect(page.get_by_role("heading", name="Strange ones private")).to_be_visible()
    address = page.url
    stranger = open_page("/", width=width, height=height)
    assert stranger.goto(address).status == 404
    page.get_by_label("Anyone with the link can view").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Anyone with this link can view:")).to_be_visible()
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="Strange ones")).to_be_visible()
    assert Collection.objects.get().items.count() == 1
    page.goto("/you/recent/")
    page.get_by_label("Select").first.check()
    expect(page.get_by_label("Name of the new collection")).to_be_hidden()
    page.get_by_label("Add selected to").select_option("a new collection")
    page.get_by_role("button", name="Add to collection").click()
    assert page.get_by_label("Name of the new collection").evaluate("field => field.matches(':focus:invalid')")
    page.get_by_label("Add selected to").select_option("Strange ones")
    page.get_by_role("button", name="Add to collection").click()
    expect(page.get_by_role("heading", name="Strange ones public")).to_be_visible()
    assert fits(page, width)


def test_statistics_are_drawn_in_the_browsers_time_zone(workflow, ada, open_page):
    width, height = PHONE
    page = open_page("/classify/night/", width=width, height=height, user=ada, timezone_id="Asia/Tokyo")
    answer(page, "y")
    page.goto("/you/statistics/")
    page.wait_for_url(re.compile("zone=Asia"))
    expect(page.locator(".plot > *").first).to_be_attached()
    page.get_by_text("Show as a table").click()
    expect(page.get_by_text("Times are in Asia/Tokyo")).to_be_visible()
    expect(page.get_by_role("row").nth(1)).to_contain_text("1")
    assert fits(page, width)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the certificate").click()
    assert download.value.suggested_filename == "wanderers-certificate.pdf"


def test_home_and_classify_speak_german_when_asked_to(workflow, open_page):
    page = open_page("/")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", name="Finde wandernde Welten")).to_be_visible()
    page.get_by_role("link", name="Los geht’s").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("button", name="Hell")).to_be_visible()
    answer(page, "y")
    expect(page.get_by_role("button", name="Favorit")).to_be_visible()


PAGES = ["/", "/you/", "/you/recent/", "/you/favourites/", "/you/collections/", "/you/statistics/?zone=UTC"]
PAGES += ["/you/news/", "/you/data/", "/you/leave/", "/you/tokens/", "/accounts/email/"]
RIGHT_TO_LEFT = "document.documentElement.dir = 'rtl'"


def test_every_control_is_large_enough_for_a_thumb_and_right_to_left_does_not_break(workflow, ada, open_page):
    page = open_page("/classify/night/", width=390, height=844, user=ada)
    answer(page, "y")
    for path in [*PAGES, "/surveys/night/", "/accounts/password/change/"]:
        page.goto(path)
        assert fits(page, 390), path
        if path in PAGES[:-1]:
            for control in page.get_by_role("button").all():
                if control.is_visible():
                    box = control.bounding_box()
                    assert min(box["width"], box["height"]) >= 43.5, (path, control.inner_text())
        page.evaluate(RIGHT_TO_LEFT)
        assert fits(page, 390), path
        shown = page.evaluate("document.querySelector('main').getBoundingClientRect().left")
        assert shown >= 0, path


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_right_to_left_does_not_break_classifying(workflow, open_page, width, height):
    page = open_page("/classify/night/", width=width, height=height)
    page.evaluate(RIGHT_TO_LEFT)
    answer(page, "y")
    assert fits(page, width)
    for control in [page.locator(".stage canvas").first, *page.locator(".classify main").get_by_role("button").all()]:
        if control.is_visible():
            box = control.bounding_box()
            assert box["x"] >= -1, control
            assert box["x"] + box["width"] <= width + 1, control
    yes, no = (page.locator(f".answer.{name}").bounding_box()["x"] for name in ("yes", "no"))
    assert yes != no
    page.get_by_role("button", name="Field guide").click()
    reader = page.locator("dialog.reader").bounding_box()
    assert reader["x"] == 0, "the drawer is at the side where lines end"
    assert fits(page, width)


def test_an_account_is_deleted_after_its_password(workflow, ada, open_page):
    page = open_page("/classify/night/", user=ada)
    answer(page, "y")
    page.goto("/you/data/")
    page.get_by_role("link", name="Delete my account").click()
    page.get_by_label("Your password").fill("volunteer")
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert Classification.objects.get().volunteer.user is None


def test_classify_speaks_german_throughout(workflow, open_page):
    page = open_page("/classify/night/", extra_http_headers={"Accept-Language": "de"})  # an English browser
    answer(page, "y")
    expect(page.get_by_role("button", name="Ja")).to_be_visible()
    expect(page.get_by_text("Du hast Ja gesagt.")).to_be_visible()
    expect(page.get_by_text("Nächstes in der Warteschlange")).to_be_attached()
    expect(page.get_by_text("Du: 1")).to_be_visible()
    slide(page, "speed", 0)
    expect(page.locator("[data-part=speed-value]")).to_have_text("0,5 pro Sekunde")
