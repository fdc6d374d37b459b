"""Verdicts on a selection, and by key on every page that takes them."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.desk import press, shown
from tests.acceptance.people import member
from tests.integration import people
from tests.integration.review.disagreements import DESK, standing
from webapp.archive.models import Subject
from webapp.consensus.models import AggregatedPosterior, Aggregation
from webapp.review.models import Ruling
from webapp.review.opinions import give_verdict
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_by_one_shows_one_subject_and_goes_on_by_key(survey, open_page):
    page = open_page(f"{DESK}&view=single", user=member(survey, "scientist"))
    shown = page.locator("[data-row]:visible h2")
    expect(shown).to_have_text(["s5"])
    expect(page.locator("[data-part=pictures][data-subject=s5] canvas")).to_be_visible()
    expect(page.get_by_text("Select all")).to_be_hidden()
    expect(page.get_by_role("link", name="NPY")).to_have_count(1)
    for part in (page.locator(".stage"), page.locator("[data-row]:visible [data-verdict]").first):
        box = part.bounding_box()
        assert box["y"] + box["height"] <= page.viewport_size["height"], "picture and verdict are in sight together"
    press(page, "y")
    expect(page.locator("[data-part=pictures][data-subject=s4] canvas")).to_be_visible()
    expect(shown).to_have_text(["s4"])
    assert page.evaluate("scrollY") == 0
    press(page, "z")
    expect(page.locator("[data-status]")).to_have_text("Verdict withdrawn.")
    assert standing() == {}


def test_a_selection_on_the_contact_sheet_is_ruled_at_once(survey, open_page):
    page = open_page(f"{DESK}&view=sheet", user=member(survey, "scientist"))
    expect(page.get_by_role("button", name="No to selected")).to_have_count(0)
    page.wait_for_timeout(300)
    for key in "xux":
        page.keyboard.press(key)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.goto("/")
    page.go_back()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="No to selected").click()
    expect(page.get_by_text("2 subjects changed.")).to_be_visible()
    assert standing() == {"s5": "no", "s4": "no"}
    page.get_by_role("button", name="Undo the last change of 2 subjects").click()
    expect(page.get_by_text("Undone for 2 subjects.")).to_be_visible()
    assert standing() == {}


def test_a_selection_is_ruled_by_key_and_too_large_a_one_stays(survey, open_page, monkeypatch):
    monkeypatch.setattr("webapp.review.desk_views.MOST_AT_ONCE", 2)
    page = open_page(DESK, user=member(survey, "scientist"))
    press(page, "Shift+Y")
    page.get_by_label("Select all").check()
    expect(page.get_by_text("6 selected, at most 2 at once")).to_be_visible()
    expect(page.get_by_role("button", name="Yes to selected")).to_be_disabled()
    page.locator("[data-row] h2").first.click()
    press(page, "Shift+N")
    assert standing() == {}
    expect(page.locator("[data-select]:checked")).to_have_count(6)
    page.get_by_label("Select all").uncheck()
    for key in "xux":
        press(page, key)
    press(page, "Shift+N")
    expect(page.get_by_text("2 subjects changed.")).to_be_visible()
    assert len(standing()) == 2
    assert set(standing().values()) == {"no"}


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


def test_a_key_that_a_row_has_no_use_for_says_why(page):
    row, status = page.locator("[data-row]").first, page.locator("[data-status]")
    press(page, "s")
    expect(row.get_by_text("Give your verdict first; then you can ask for a second opinion.")).to_be_visible()
    expect(status).to_contain_text("Give your verdict first")
    press(page, "a")
    expect(status).to_have_text("Saved.")
    press(page, "a")
    expect(status).to_have_text("Somebody has this subject already. Unassign it first.")


RETIRED = {"subjects": "retired: scientist’s verdict", "consensus/subjects": "A scientist ruled yes."}


@pytest.mark.parametrize("path", RETIRED)
def test_a_subjects_pages_take_the_desks_keys(survey, open_page, path):
    subject = survey.subjects.first()
    page = open_page(f"/surveys/night/{path}/{subject.pk}/", user=member(survey, "scientist"))
    panel, history = page.locator("[data-panel]"), page.locator(".history")
    press(page, "h")
    expect(panel.get_by_text("on hold")).to_be_visible()
    press(page, "a")
    expect(panel.get_by_text("for scientist")).to_be_visible()
    panel.get_by_label("Note", exact=True).press_sequentially("yn")
    assert standing() == {}, "while somebody types, the keys are letters"
    panel.get_by_label("Note", exact=True).blur()
    press(page, "y")
    expect(panel.get_by_text("Ruled yes.")).to_be_visible()
    expect(history.get_by_text("ruled yes")).to_be_visible()
    expect(page.get_by_text(RETIRED[path])).to_be_visible()
    press(page, "s")
    expect(panel.get_by_role("button", name="No second opinion needed")).to_be_visible()
    press(page, "z")
    expect(panel.get_by_role("button", name="Ask for a second opinion")).to_be_visible()
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(0)
    expect(history.get_by_text("withdrew")).to_be_visible()
    expect(page.get_by_text(RETIRED[path])).to_have_count(0)
    expect(panel.get_by_role("button", name="CR")).to_be_visible()
    assert standing() == {}
    page.get_by_role("button", name="Yes").click()
    expect(panel.get_by_text("Ruled yes.")).to_be_visible()
    page.get_by_role("button", name="Withdraw verdict").click()
    expect(page.locator(".ruled")).to_have_count(0)
    assert standing() == {}


def test_z_brings_back_the_colleagues_verdict_that_the_last_one_replaced(survey, open_page):
    about = {"subject": survey.subjects.first(), "workflow": Workflow.objects.get()}
    scientist = member(survey, "scientist")
    give_verdict(**about, scientist=people.member(survey, "scientist", "colleague"), verdict="yes")
    give_verdict(**about, scientist=scientist, verdict="no")
    page = open_page(f"/surveys/night/subjects/{about['subject'].pk}/", user=scientist)
    panel, facts = page.locator("[data-panel]"), page.locator("#facts")
    expect(facts.get_by_role("link", name="FITS")).to_be_visible()
    press(page, "n")
    expect(panel.get_by_text("Ruled no.")).to_be_visible()
    expect(facts.get_by_text("no (from: a scientist’s verdict)")).to_be_visible()
    press(page, "z")
    expect(panel.get_by_text("Ruled yes.")).to_be_visible()
    expect(panel.get_by_text("disagrees: no")).to_be_visible()
    expect(facts.get_by_text("yes (from: a scientist’s verdict)")).to_be_visible()
    expect(page.locator("[role=status]").get_by_text("Verdict withdrawn. Ruled yes.")).to_be_attached()
    expect(page.locator(".history").get_by_text("brought back the verdict of")).to_be_visible()
    press(page, "z")  # now it withdraws their second opinion, which was not given here
    expect(panel.locator(".opinion")).to_have_count(0)
    assert standing() == {about["subject"].external_id: "yes"}


def test_the_reanalysis_takes_the_desks_keys_row_by_row(survey, open_page):
    workflow = Workflow.objects.get()
    run = Aggregation.objects.create(workflow=workflow, version=1, state="done", disagreements=2)
    for place, row in enumerate(survey.subjects.order_by("pk")[:2]):
        AggregatedPosterior.objects.create(aggregation=run, subject=row, posterior=0.1 + place / 10, live=0.9)
    page = open_page("/surveys/night/consensus/night/reanalysis/", user=member(survey, "scientist"))
    for key in "nuz":
        press(page, key)
    expect(page.get_by_text("Verdict withdrawn.")).to_be_attached()
    press(page, "ArrowDown")
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    row = page.locator("[data-row]:has(.ruled)")
    assert standing() == {row.locator("h2").inner_text().strip(): "yes"}
    row.get_by_text("History").click()
    expect(row.locator(".history").get_by_text("ruled yes")).to_be_visible()
    row.focus()
    press(page, "Enter")
    name = shown(page)
    press(page, "ArrowUp")
    assert shown(page) != name, "the viewer goes along"
    page.keyboard.press("Escape")
    page.get_by_role("link", name=f"Pictures of {name}").click()
    assert shown(page) == name


@pytest.mark.parametrize("address", [DESK, f"{DESK}&view=single", "subject", "votes"])
def test_the_line_of_keys_is_only_where_there_is_a_keyboard(survey, open_page, address):
    first = Subject.objects.order_by("pk")[0].pk
    address = {
        "subject": f"/surveys/night/subjects/{first}/",
        "votes": f"/surveys/night/consensus/subjects/{first}/",
    }.get(address, address)
    user = member(survey, "scientist")
    expect(open_page(address, user=user).locator(".keys")).to_be_visible()
    phone = open_page(address, user=user, width=390, height=844)
    expect(phone.locator("[data-panel]").first).to_be_visible()
    expect(phone.locator(".keys")).to_be_hidden()


def test_a_panels_fields_look_like_the_sites_in_the_dark(survey, open_page):
    subject = survey.subjects.get(external_id="s5")
    page = open_page(
        f"/surveys/{survey.slug}/subjects/{subject.pk}/", user=member(survey, "scientist"), color_scheme="dark"
    )
    colour = "element => getComputedStyle(element).backgroundColor"
    usual = page.get_by_label("Your comment").evaluate(colour)
    for field in page.locator("[data-panel] :is(textarea, select, input[name=text])").all():
        assert field.evaluate(colour) == usual
