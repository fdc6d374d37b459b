"""A scientist rules on disagreements, by key and by click."""

import re
from uuid import uuid4

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.consensus.models import AggregatedPosterior, Aggregation
from webapp.learning.models import Checkpoint, Score, TrainingRun
from webapp.review import queue_form
from webapp.review.models import Ruling
from webapp.review.queues import queued
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

N = 6
DESK = "/surveys/night/review/?queue=disagreements"


@pytest.fixture
def survey(db):
    """Subjects with a yes from volunteers and a no from the champion, increasingly certain."""
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"])
    workflow = sky.workflow(survey, undo_seconds=0)
    rows = sky.subjects(survey, np.ones(N))
    sky.queue(workflow, rows)
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp")
    champion = Checkpoint.objects.create(survey=survey, role="stamp", run=run, manifest={}, is_champion=True)
    for place, row in enumerate(rows):
        p_real = 0.2 - place / 100
        Score.objects.create(checkpoint=champion, subject=row, probabilities=[p_real], p_real=p_real, entropy=0.5)
    for _ in range(2):
        items = [Item(uuid4(), row.pk, "yes") for row in rows]
        submit(Volunteer.objects.create(), workflow, items)
    return survey


@pytest.fixture
def page(survey, open_page):
    return open_page(DESK, user=member(survey, "scientist"))


def standing():
    rulings = Ruling.objects.filter(withdrawn_at=None)
    return dict(rulings.values_list("subject__external_id", "verdict"))


def press(page, key):
    page.wait_for_timeout(300)  # longer than the page takes a second press for an echo of the first
    page.keyboard.press(key)


def test_the_widest_apart_come_first(page):
    assert names(page) == [f"s{place}" for place in reversed(range(N))]


def test_verdicts_by_key(page):
    for key in "yun":
        press(page, key)
    expect(page.locator(".ruled")).to_have_count(2)
    assert standing() == {"s5": "yes", "s3": "no"}
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(1)
    assert standing() == {"s5": "yes"}


def test_what_the_page_says_is_what_the_row_says(page):
    said = page.locator("[data-status]")
    press(page, "z")
    expect(said).to_be_empty()
    press(page, "y")
    expect(said).to_have_text("Ruled yes.")
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
    expect(page.get_by_text("Nothing waits here")).to_be_visible()
    page.goto(f"{DESK}&min_votes=3")
    expect(page.locator("[data-row]")).to_have_count(0)
    gaps = [row.gap for row in queued(Workflow.objects.get(), "disagreements")]
    page.goto(f"{DESK}&state=all&least_gap={(gaps[2] + gaps[3]) / 2}")
    expect(page.locator("[data-row]")).to_have_count(3)


def names(page):
    return [name.strip() for name in page.locator("[data-row] h2").all_text_contents()]


def test_the_next_rows_arrive_while_scrolling_though_some_were_ruled(survey, open_page, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 2)
    page = open_page(DESK, user=member(survey, "scientist"), height=500)
    expect(page.get_by_text("6 subjects")).to_be_visible()
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    for _ in range(6):
        press(page, "u")
    expect(page.locator("[data-row]")).to_have_count(N)
    assert names(page) == [f"s{place}" for place in reversed(range(N))]


def test_rows_that_arrived_while_scrolling_can_do_all_that_the_first_can(survey, open_page, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 4)
    page = open_page(DESK, user=member(survey, "scientist"), height=500)
    for _ in range(4):
        press(page, "u")
    row = page.locator("[data-row]", has_text="s1")
    press(page, "h")
    expect(row.get_by_text("on hold")).to_be_visible()
    row.get_by_text("Hold, assign, tag").click()
    row.get_by_label("Tag, note or name").fill("satellite")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_text("#satellite")).to_be_visible()
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


@pytest.mark.parametrize("sort", ["-gap", "-votes", "-changed_at", "-p_real"])
def test_after_the_last_page_the_list_begins_again_with_what_was_left(survey, client, sort, monkeypatch):
    monkeypatch.setitem(queue_form.PER_PAGE, "list", 4)
    client.force_login(member(survey, "scientist"))
    first = client.get("/surveys/night/review/", {"queue": "disagreements", "sort": sort}).context
    second = client.get(f"/surveys/night/review/?{first['next']}").context
    assert (len(first["rows"]), len(second["rows"]), second["next"]) == (4, 2, "")
    for each in second["rows"]:
        address = f"/surveys/night/review/{second['workflow'].slug}/{each['row'].subject_id}/rule/"
        client.post(address, {"verdict": "no"})
    again = client.get(f"/surveys/night/review/?{first['next']}").context["rows"]
    assert [each["row"] for each in again] == [each["row"] for each in first["rows"]]
    assert client.get(f"{DESK}&after=nonsense").context["total"] == 4


def test_one_by_one_shows_one_subject_and_goes_on_by_key(survey, open_page):
    page = open_page(f"{DESK}&view=single", user=member(survey, "scientist"))
    shown = page.locator("[data-row]:visible h2")
    expect(shown).to_have_text(["s5"])
    expect(page.locator("[data-part=pictures][data-subject=s5] canvas")).to_be_visible()
    press(page, "y")
    expect(page.locator("[data-part=pictures][data-subject=s4] canvas")).to_be_visible()
    expect(shown).to_have_text(["s4"])
    press(page, "z")
    expect(page.locator("[data-status]")).to_have_text("Verdict withdrawn.")
    assert standing() == {}


def shown(page):
    """Return the row whose subject the viewer shows, once it does."""
    viewer = page.locator("[data-row]:has([data-viewer])")
    expect(viewer).to_have_count(1)
    name = viewer.locator("h2").first.inner_text().strip()
    expect(viewer.locator(f"[data-part=pictures][data-subject={name}] canvas").first).to_be_visible()
    return name


@pytest.mark.parametrize("view", ["list", "sheet"])
def test_a_rows_pictures_open_in_the_viewer_and_it_goes_along(survey, open_page, view, tmp_path):
    page = open_page(f"{DESK}&view={view}", user=member(survey, "scientist"))
    asked = []
    page.on("request", lambda request: asked.extend([request.url] if "subject.json" in request.url else []))
    viewer = page.locator("[data-viewer]")
    expect(viewer).to_be_hidden()
    page.keyboard.press("p")  # a closed viewer takes no keys
    press(page, "u")
    assert asked == [], "rows are not asked about before somebody looks"
    page.get_by_role("link", name="Pictures of s2").click()
    assert shown(page) == "s2"
    row = page.locator("[data-row]:has([data-viewer])")
    expect(row.locator(".strip")).to_be_hidden()
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


def test_pictures_lead_to_their_subject_without_scripts(survey, open_page):
    scientist = member(survey, "scientist")
    for view in ("list", "single"):
        page = open_page(f"{DESK}&view={view}", user=scientist, java_script_enabled=False)
        page.get_by_role("link", name="Pictures of s5").click()
        page.wait_for_url(re.compile(r"/subjects/\d+/\?workflow=night$"))


def test_a_selection_on_the_contact_sheet_is_ruled_at_once(survey, open_page):
    page = open_page(f"{DESK}&view=sheet", user=member(survey, "scientist"))
    expect(page.get_by_role("button", name="No to selected")).to_have_count(0)
    page.wait_for_timeout(300)
    for key in "xux":
        page.keyboard.press(key)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="No to selected").click()
    expect(page.get_by_text("2 subjects changed.")).to_be_visible()
    assert standing() == {"s5": "no", "s4": "no"}
    page.get_by_role("button", name="Undo the last change of 2 subjects").click()
    expect(page.get_by_text("Undone for 2 subjects.")).to_be_visible()
    assert standing() == {}


def test_a_selection_gets_class_and_note_and_enter_in_the_note_rules_on_nothing(page):
    page.get_by_label("Select all").check()
    bar = page.locator("[data-bulk]")
    bar.get_by_text("Class and note").click()
    bar.get_by_label("Note").fill("A satellite.")
    bar.get_by_label("Note").press("Enter")
    press(page, "y")  # typed into the note
    assert standing() == {}
    bar.get_by_role("button", name="CR").click()
    expect(page.get_by_text("6 subjects changed.")).to_be_visible()
    assert set(Ruling.objects.values_list("label", "note")) == {("CR", "A satellite.y")}


def test_hold_assign_and_a_second_opinion_by_key(page):
    press(page, "h")
    expect(page.locator("[data-row]").first.get_by_text("on hold")).to_be_visible()
    press(page, "a")
    expect(page.locator("[data-row]").first.get_by_text("for scientist")).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("Saved.")
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    press(page, "ArrowUp")
    press(page, "s")
    expect(page.locator("[data-status]")).to_have_text("Saved.")
    page.locator("[data-row]").first.get_by_text("Hold, assign, tag").click()
    expect(page.get_by_role("button", name="No second opinion needed")).to_be_visible()
    page.locator("[data-row]").first.get_by_text("History").click()
    expect(page.get_by_text("asked for a second opinion")).to_be_visible()


@pytest.mark.parametrize("path", ["subjects", "consensus/subjects"])
def test_a_subjects_pages_take_the_desks_keys(survey, open_page, path):
    subject = survey.subjects.first()
    page = open_page(f"/surveys/night/{path}/{subject.pk}/", user=member(survey, "scientist"))
    panel = page.locator("[data-panel]")
    press(page, "h")
    expect(panel.get_by_text("on hold")).to_be_visible()
    press(page, "a")
    expect(panel.get_by_text("for scientist")).to_be_visible()
    panel.get_by_label("Note", exact=True).press_sequentially("yn")
    assert standing() == {}, "while somebody types, the keys are letters"
    panel.get_by_label("Note", exact=True).blur()
    press(page, "y")
    expect(panel.get_by_text("Ruled yes.")).to_be_visible()
    press(page, "s")
    expect(panel.get_by_role("button", name="No second opinion needed")).to_be_visible()
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(0)
    assert standing() == {}
    page.get_by_role("button", name="Yes").click()
    expect(panel.get_by_text("Ruled yes.")).to_be_visible()
    page.get_by_role("button", name="Withdraw verdict").click()
    expect(page.locator(".ruled")).to_have_count(0)
    assert standing() == {}


def test_the_reanalysis_takes_the_desks_keys_row_by_row(survey, open_page):
    workflow = Workflow.objects.get()
    run = Aggregation.objects.create(workflow=workflow, version=1, state="done", disagreements=2)
    for place, row in enumerate(survey.subjects.order_by("pk")[:2]):
        AggregatedPosterior.objects.create(aggregation=run, subject=row, posterior=0.1 + place / 10, live=0.9)
    page = open_page("/surveys/night/consensus/night/looking-back/", user=member(survey, "scientist"))
    for key in "nuz":
        press(page, key)
    expect(page.get_by_text("Verdict withdrawn.")).to_be_attached()
    press(page, "ArrowDown")
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    assert standing() == {page.locator("tr:has(.ruled) .name").inner_text(): "yes"}


def test_without_a_champion_the_page_says_what_is_missing(survey, client):
    Checkpoint.objects.update(is_champion=False)
    client.force_login(member(survey, "scientist"))
    assert "There is no champion for" in client.get(f"{DESK}&after=1:0.5").content.decode()


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
    page.get_by_role("link", name="Pictures of s5").tap()
    assert shown(page) == "s5"
    page.screenshot(path=tmp_path / f"phone-{view}.png")
    page.locator("[data-row]").first.get_by_role("button", name="No").tap()
    expect(page.locator(".ruled")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
