"""Z on the desk undoes the newest change made on the page, and shows where."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import wait_until
from tests.acceptance.desk import press
from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from tests.integration.review.disagreements import DESK, standing
from webapp.review.models import Case, CaseEvent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def row(page, name):
    return page.locator("[data-row]", has=page.locator("h2", has_text=name))


def test_one_by_one_undo_goes_back_to_the_subject_whose_verdict_it_took_back(survey, open_page):
    page = open_page(f"{DESK}&view=single", user=member(survey, "scientist"))
    press(page, "y")
    expect(row(page, "s4")).to_be_visible()
    press(page, "z")
    expect(row(page, "s5")).to_be_visible()
    expect(row(page, "s5")).to_be_focused()
    expect(row(page, "s4")).to_be_hidden()
    expect(page.locator("[data-status]")).to_have_text("Verdict withdrawn.")
    assert standing() == {}
    press(page, "n")
    expect(row(page, "s4")).to_be_visible()
    expect(page.locator("[data-status]")).to_have_text("Ruled no.")
    assert standing() == {"s5": "no"}


@pytest.mark.parametrize(("key", "mark"), [("h", "on hold"), ("a", "for scientist")])
def test_a_hold_or_an_assignment_is_undone_before_an_older_verdict(page, key, mark):
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    press(page, key)
    expect(row(page, "s4").get_by_text(mark)).to_be_visible()
    press(page, "z")
    expect(row(page, "s4").get_by_text(mark)).to_have_count(0)
    expect(page.locator("[data-status]")).to_have_text("Saved.")
    assert standing() == {"s5": "yes"}
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(0)
    case = Case.objects.get(subject__external_id="s4")
    assert not case.is_on_hold
    assert case.assignee is None


def test_a_request_for_a_second_opinion_is_shown_and_undone(page):
    press(page, "y")
    page.locator("[data-row]").first.focus()
    press(page, "s")
    wanted = row(page, "s5").locator(".badge", has_text="Second opinion wanted")
    expect(wanted).to_be_visible()
    press(page, "z")
    expect(wanted).to_have_count(0)
    assert standing() == {"s5": "yes"}


def test_a_refused_hold_is_not_what_undo_undoes(page):
    press(page, "y")
    expect(page.locator(".ruled")).to_have_count(1)
    intercept(page, "**/case/**", lambda route: route.abort())
    press(page, "h")
    expect(row(page, "s4").get_by_text("Can't reach the server. Nothing has changed")).to_be_visible()
    page.unroute("**/case/**")
    press(page, "z")
    expect(page.locator(".ruled")).to_have_count(0)
    assert not Case.objects.filter(is_on_hold=True).exists()


def test_undo_waits_for_a_hold_that_is_under_way(page):
    held = []

    def hold_the_first(route):
        if held:
            route.continue_()
        else:
            held.append(route)

    intercept(page, "**/case/**", hold_the_first)
    press(page, "h")
    page.wait_for_function("() => document.querySelector('.htmx-request')")
    press(page, "z")
    wait_until(page, lambda: held)
    held[0].continue_()
    expect(page.locator("[data-status]")).to_have_text("Saved.")
    expect(page.get_by_text("on hold", exact=True)).to_have_count(0)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    assert list(CaseEvent.objects.order_by("pk").values_list("action", flat=True)) == ["hold", "release"]


def test_after_a_change_of_many_undo_leads_to_its_button(page):
    for key in ("x", "ArrowDown", "x", "Shift+N"):
        press(page, key)
    button = page.get_by_role("button", name="Undo the last change of 2 subjects")
    expect(button).to_be_visible()
    press(page, "z")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    assert standing() == {}
