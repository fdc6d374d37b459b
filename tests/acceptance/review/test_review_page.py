"""A scientist rules on disagreements, by key and by click."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import wait_until
from tests.acceptance.desk import names, press, shown
from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from tests.integration.review.disagreements import DESK, N, standing
from webapp.review import queue_form
from webapp.review.models import Ruling
from webapp.review.queues import queued
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEIGHTS = """() => {
    const [short, whole] = [...document.querySelectorAll(".desk")].map((page) => page.offsetHeight);
    return Math.round(short / whole);
}"""


def test_the_widest_apart_come_first(page):
    assert names(page) == [f"s{place}" for place in reversed(range(N))]


def test_verdicts_by_key(page):
    for key in "yun":
        press(page, key)
    expect(page.locator(".ruled")).to_have_count(2)
    expect(page.get_by_text("4 subjects")).to_be_visible()
    assert standing() == {"s5": "yes", "s3": "no"}
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(1)
    expect(page.get_by_text("5 subjects")).to_be_visible()
    assert standing() == {"s5": "yes"}


def test_what_the_page_says_is_what_the_row_says(page):
    said = page.locator("[data-status]")
    for _ in range(2):
        press(page, "z")
        expect(said).to_have_text("Nothing to undo on this page.")
        expect(page.locator("[data-panel] .note")).to_have_text("Nothing to undo on this page.")
    press(page, "?")
    expect(page.get_by_role("dialog").get_by_text("undo", exact=False)).to_be_visible()
    press(page, "y")  # meant for the list of keys, not for the row behind it
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert standing() == {}
    press(page, "y")
    expect(page.locator("[data-panel] .note")).to_have_count(0)
    expect(said).to_have_text("Ruled yes.")
    press(page, "ArrowUp")
    press(page, "n")
    expect(said).to_have_text("Your verdict stands. Withdraw it first (Z) to give another.")
    assert set(standing().values()) == {"yes"}
    press(page, "z")
    expect(said).to_have_text("Verdict withdrawn.")
    assert standing() == {}


def test_a_verdict_that_the_server_refuses_leaves_a_note_and_can_be_given_again(page):
    intercept(page, "**/rule/**", lambda route: route.fulfill(status=403, body="no"))
    press(page, "y")
    expect(page.locator("[data-row]").first.get_by_text("The server answered 403. Nothing has changed")).to_be_visible()
    expect(page.locator("[data-status]")).to_contain_text("Nothing has changed. Try again")
    assert standing() == {}
    page.unroute("**/rule/**")
    page.locator("[data-row]").first.focus()
    press(page, "y")
    expect(page.locator("[data-status]")).to_have_text("Ruled yes.")
    expect(page.locator(".note:visible")).to_have_count(0)
    assert standing() == {"s5": "yes"}


def test_a_verdict_that_could_not_be_taken_back_still_can_be(page):
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    intercept(page, "**/withdraw/**", lambda route: route.abort())
    press(page, "z")
    expect(page.locator(".ruled").get_by_text("Can't reach the server. Nothing has changed")).to_be_visible()
    page.unroute("**/withdraw/**")
    page.locator("[data-row]").last.focus()
    press(page, "z")
    expect(page.locator("[data-status]")).to_have_text("Verdict withdrawn.")
    assert standing() == {}


def test_undo_waits_for_a_verdict_that_is_under_way(page):
    held = []
    intercept(page, "**/rule/**", lambda route: held.append(route))
    press(page, "y")
    press(page, "z")
    expect(page.locator("[data-status]")).to_be_empty()
    page.wait_for_function("() => document.querySelector('.htmx-request')")
    wait_until(page, lambda: held)
    held[0].continue_()
    expect(page.locator("[data-status]")).to_have_text("Verdict withdrawn.")
    assert standing() == {}
    assert Ruling.objects.count() == 1


TWICE = """() => { for (let time = 0; time < 2; time += 1)
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true })); }"""


def test_a_double_press_rules_once(page):
    page.wait_for_timeout(300)
    page.evaluate(TWICE)
    expect(page.locator(".ruled")).to_have_count(1)
    page.wait_for_timeout(300)
    assert standing() == {"s5": "no"}


def test_a_verdict_with_its_class(page):
    row = page.locator("[data-row]").first
    row.get_by_text("Class and note").click()
    row.get_by_role("button", name="CR").click()
    expect(row.get_by_text("Ruled no (CR).")).to_be_visible()
    ruling = Ruling.objects.get()
    assert (ruling.verdict, ruling.label, ruling.subject.gold_label) == ("no", "CR", "CR")


def test_the_filters_are_in_the_address(page):
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    page.get_by_label("Show", exact=True).select_option("ruled")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**state=ruled**")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.goto(f"{DESK}&way=crowd-no")
    expect(page.get_by_text("No subjects match these filters")).to_be_visible()
    page.goto(f"{DESK}&min_votes=3")
    expect(page.locator("[data-row]")).to_have_count(0)
    gaps = [row.gap for row in queued(Workflow.objects.get(), "disagreements")]
    page.goto(f"{DESK}&state=all&least_gap={(gaps[2] + gaps[3]) / 2}")
    expect(page.locator("[data-row]")).to_have_count(3)


def test_the_next_rows_arrive_while_scrolling_and_far_ones_keep_their_names_until_they_are_needed(
    survey, open_page, monkeypatch
):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 2)
    page = open_page(DESK, user=member(survey, "scientist"), height=500)
    expect(page.get_by_text("6 subjects")).to_be_visible()
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    for name in ("s3", "s2", "s1", "s0"):
        expect(page.locator("[data-row] h2", has_text=name)).to_be_attached()
        press(page, "u")
        expect(page.locator("[data-row]:focus h2")).to_have_text(name)
    expect(page.locator("[data-row]")).to_have_count(N)
    assert names(page) == [f"s{place}" for place in reversed(range(N))]
    page.evaluate("document.querySelector('[data-desk]').dataset.desk = 0")  # in place of 500 rows
    page.set_viewport_size({"width": 1280, "height": 90})
    far = page.locator("[data-row]:not(:has(*))")
    expect(far).to_have_text(["s5", "s4"])
    assert page.evaluate(HEIGHTS) == 1
    press(page, "z")
    expect(page.locator("[data-row]:focus h2")).to_have_text("s5")
    expect(page.locator(".ruled")).to_have_count(0)
    expect(far.last).to_have_text("s0")
    assert standing() == {}
    page.get_by_label("Select all").check()
    expect(page.locator("[data-select]:checked")).to_have_count(N)


def test_rows_that_arrived_while_scrolling_can_do_all_that_the_first_can(survey, open_page, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 4)
    page = open_page(DESK, user=member(survey, "scientist"), height=500)
    page.evaluate("htmx.config.defaultSettleDelay = 600")  # as on a busy machine: the number of subjects arrives before
    for _ in range(4):
        press(page, "u")
    row = page.locator("[data-row]", has_text="s1")
    row.get_by_role("button", name="History").press("Enter")
    expect(row.locator(".history-here")).to_contain_text("No verdict")
    press(page, "u")
    row = page.locator("[data-row]", has_text="s0")
    expect(row.locator("details")).to_have_count(0)  # ten thousand of them would slow each frame
    press(page, "h")
    expect(row.get_by_text("on hold")).to_be_visible()
    row.get_by_role("button", name="Hold, assign, tag").click()
    row.get_by_label("Tag, note or name").fill("satellite")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_text("#satellite")).to_be_visible()
    expect(row.get_by_label("Tag, note or name")).to_be_visible()  # what was open stays open
    row.get_by_text("Class and note").click()
    row.get_by_label("Note", exact=True).fill("A long trail.")
    row.get_by_role("button", name="CR").click()
    expect(row.get_by_text("Ruled no (CR).")).to_be_visible()
    expect(row.get_by_text("A long trail.")).to_be_visible()
    assert Ruling.objects.get().note == "A long trail."


def test_pages_follow_one_another_without_scripts(survey, open_page, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 2)
    page = open_page(DESK, user=member(survey, "scientist"), java_script_enabled=False)
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**after=*")
    assert names(page) == ["s3", "s2"]
    page.get_by_role("link", name="Previous page").click()
    page.wait_for_url("**before=*")
    assert names(page) == ["s5", "s4"]


def test_verdicts_without_scripts(survey, open_page):
    page = open_page(f"{DESK}&sort=-gap", user=member(survey, "scientist"), java_script_enabled=False)
    page.locator("[data-row]").first.get_by_role("button", name="Yes").click()
    page.wait_for_url("**/review/?queue=disagreements&sort=-gap")
    assert standing() == {"s5": "yes"}
    expect(page.locator("[data-row]")).to_have_count(N - 1)


@pytest.mark.parametrize("view", ["list", "sheet"])
def test_the_page_fits_a_phone(survey, open_page, view, tmp_path):
    page = open_page(
        f"{DESK}&view={view}", user=member(survey, "scientist"), width=390, height=844, color_scheme="dark"
    )
    box = page.get_by_label("Select s5")
    assert box.evaluate("box => box.getBoundingClientRect().width") >= 24
    assert box.locator("xpath=..").bounding_box()["height"] >= 44
    expect(page.locator("kbd:visible")).to_have_count(0)
    page.get_by_role("link", name="Pictures of s5").tap()
    assert shown(page) == "s5"
    page.screenshot(path=tmp_path / f"phone-{view}.png")
    page.locator("[data-row]").first.get_by_role("button", name="No").tap()
    expect(page.locator(".ruled")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
