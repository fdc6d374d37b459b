"""The classify page on a slow or broken network: no picture, line or answer is mixed up with another subject's."""

import json

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, press, ready, shown, standing, wait_until
from tests.acceptance.intercept import intercept
from tests.acceptance.people import member
from webapp.classifications.models import Mark

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/classify/night/"
ANSWERS = "**/api/classifications/"


class Held:
    """Requests to a URL, held back from the second one on until released."""

    def __init__(self, page, address):
        self.waiting, self.is_open = [], False
        self.came = 0
        intercept(page, address, self.take)

    def take(self, route):
        self.came += 1
        if self.is_open or self.came == 1:
            route.continue_()
        else:
            self.waiting.append(route)

    def let_go(self):
        self.is_open = True
        for route in self.waiting:
            route.continue_()


def sum_of_canvas(page):
    return page.evaluate(
        """() => {
            const canvas = document.querySelector(".pictures canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.reduce((sum, value) => sum + value, 0);
        }"""
    )


def loading(page):
    expect(page.locator("body[data-state=loading]")).to_be_attached()


def test_undo_while_the_next_picture_loads_keeps_pictures_and_subjects_together(db, open_page):
    make_workflow(undo_seconds=300)
    page = open_page("/accounts/login/")  # home loads pictures of its own
    pixels = Held(page, "**/pixels/**")
    page.goto(PAGE)
    first, seen = ready(page), sum_of_canvas(page)
    page.keyboard.press("y")
    loading(page)
    page.keyboard.press("z")
    assert (ready(page), sum_of_canvas(page)) == (first, seen)
    pixels.let_go()
    page.wait_for_timeout(500)
    assert (shown(page), sum_of_canvas(page)) == (first, seen)
    page.keyboard.press("n")
    second = ready(page)
    assert second != first
    assert sum_of_canvas(page) != seen
    page.keyboard.press("y")
    wait_until(page, lambda: standing() == {first: "no", second: "yes"})


def test_undo_while_nothing_is_there_yet_brings_the_subject_back(db, open_page):
    make_workflow(n=1, undo_seconds=300)
    page = open_page("/accounts/login/")  # home loads pictures of its own
    asked = Held(page, "**/next/**")
    page.goto(PAGE)
    first = ready(page)
    page.keyboard.press("y")
    loading(page)
    page.keyboard.press("z")
    assert ready(page) == first
    asked.let_go()
    page.wait_for_timeout(500)
    assert ready(page) == first


def test_lines_stay_with_their_subject_when_undo_comes_before_the_next_picture(db, open_page):
    make_workflow(undo_seconds=300, line_marking=True)
    page = open_page("/accounts/login/")  # home loads pictures of its own
    pixels = Held(page, "**/pixels/**")
    page.goto(PAGE)
    first = ready(page)
    box = page.locator(".pictures canvas").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
    page.mouse.up()
    page.keyboard.press("y")
    loading(page)
    page.keyboard.press("z")
    ready(page)
    pixels.let_go()
    press(page, "y")
    ready(page)
    expect(page.locator(".handle")).to_have_count(0)
    page.keyboard.press("n")
    wait_until(page, lambda: len(standing()) == 2)
    assert {mark.classification.subject.external_id for mark in Mark.objects.standing()} == {first}


SOON = {"status": 200, "content_type": "text/html", "body": "<html>Soon</html>"}
BUSY = {"status": 503, "headers": {"Retry-After": "1"}, "json": {"detail": "A job is changing the same data."}}


@pytest.mark.parametrize("reply", [SOON, BUSY], ids=["not ours", "busy"])
def test_a_reply_that_takes_no_answer_loses_nothing(db, open_page, reply):
    make_workflow(undo_seconds=300)
    page = open_page(PAGE)
    ready(page)
    intercept(page, ANSWERS, lambda route: route.fulfill(**reply))
    given = press(page, "y")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    page.unroute(ANSWERS)
    wait_until(page, lambda: standing() == {given: "yes"})


def test_an_answer_of_a_visitor_whom_the_browser_forgot_keeps_no_other_from_being_sent(db, open_page):
    make_workflow(undo_seconds=300)
    page = open_page(PAGE)
    intercept(page, ANSWERS, lambda route: route.abort())
    press(page, "y")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    page.unroute(ANSWERS)
    page.context.clear_cookies()
    page.goto(PAGE)
    ready(page)
    given = {press(page, "n"): "no", press(page, "n"): "no"}
    wait_until(page, lambda: given.items() <= standing().items())


def test_what_waits_for_somebody_else_lets_the_rest_through(db, open_page):
    make_workflow(undo_seconds=300)
    page = open_page(PAGE)
    refused = []

    def not_the_first(route):
        sent = route.request.post_data_json["id"]
        refused[:] = refused or [sent]
        if sent in refused:
            route.fulfill(status=403, content_type="application/json", body=json.dumps({"detail": "Not yours."}))
        else:
            route.continue_()

    intercept(page, ANSWERS, not_the_first)
    first = press(page, "y")
    given = {press(page, "n"): "no", press(page, "u"): "unsure"}
    wait_until(page, lambda: standing() == given)
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    page.unroute(ANSWERS)
    page.reload()
    wait_until(page, lambda: standing() == given | {first: "yes"})


def test_pictures_that_do_not_load_are_passed_over_and_offered_again(db, open_page):
    survey = make_workflow(n=12).survey
    page = open_page("/", user=member(survey, "volunteer"))  # a visitor who has answered nothing is not lent so many
    intercept(page, "**/pixels/**", lambda route: route.abort())
    page.goto(PAGE)
    for _ in range(12):
        expect(page.locator("body[data-state=broken]")).to_be_attached()
        page.get_by_role("button", name="Skip it").click()
    expect(page.get_by_text("12 images failed to load and were skipped.")).to_be_visible()
    page.unroute("**/pixels/**")
    page.get_by_role("button", name="Try again").click()
    given = press(page, "y")
    wait_until(page, lambda: standing() == {given: "yes"})


def test_a_paused_workflow_says_so(db, open_page):
    workflow = make_workflow(n=2)
    page = open_page(PAGE)
    ready(page)
    workflow.is_active = False
    workflow.save()
    press(page, "y")
    press(page, "y")
    expect(page.get_by_text("This project is paused.")).to_be_visible()
