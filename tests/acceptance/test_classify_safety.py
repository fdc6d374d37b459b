"""After failures of browser, network or user, no answer is lost or counted twice."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from tests.acceptance.classifying import loaded_ahead, make_workflow, press, ready, standing, wait_until
from tests.acceptance.conftest import sign_in
from tests.acceptance.intercept import intercept, lose_first_reply
from webapp.classifications.models import Classification
from webapp.queue.leases import release_expired
from webapp.queue.models import Lease

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANSWERS = "**/api/classifications/"


@pytest.fixture
def workflow(db):
    return make_workflow(undo_seconds=300)


def sign_out(page):
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("/")


def test_what_an_account_could_not_send_waits_for_that_account(workflow, open_page, django_user_model):
    ann, bob = (django_user_model.objects.create_user(name, password=name) for name in ("ann", "bob"))
    page = open_page("/classify/night/", user=ann)
    intercept(page, ANSWERS, lambda route: route.abort())
    first = press(page, "y")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    sign_out(page)
    anns = "One answer by ann waits in this browser. It will be sent when ann signs in here."
    expect(page.get_by_text(anns)).to_be_visible()
    page.goto("/classify/night/")
    expect(page.locator("[data-part=waiting]")).to_contain_text(anns)
    page.locator("[data-part=waiting]").get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/accounts/login/?next=/classify/night/")
    page.unroute(ANSWERS)
    sign_in(page, bob)
    expect(page.get_by_text(anns)).to_be_visible()
    page.goto("/classify/night/")
    expect(page.locator("[data-part=notice]")).to_have_text(anns)
    ready(page)
    assert standing() == {}
    sign_out(page)
    sign_in(page, ann)
    wait_until(page, lambda: standing() == {first: "yes"})
    assert Classification.objects.get().volunteer.user == ann
    page.reload()
    expect(page.locator("[data-unsent]")).to_be_hidden()


def test_an_answer_on_a_connection_that_hangs_is_sent_again(workflow, open_page):
    page = open_page("/accounts/login/")
    page.add_init_script(
        "const { timeout } = AbortSignal; AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 30);"
    )
    page.goto("/classify/night/")
    intercept(page, ANSWERS, lambda route: None)
    first = press(page, "y")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    page.unroute(ANSWERS)
    wait_until(page, lambda: standing() == {first: "yes"})


def test_the_back_button_goes_on_where_it_was(workflow, open_page):
    page = open_page("/classify/night/")
    first = press(page, "y")
    second = ready(page)
    page.get_by_role("link", name="Wanderers home page").click()
    page.wait_for_url("/")
    page.go_back()
    assert ready(page) == second
    press(page, "n")
    wait_until(page, lambda: standing() == {first: "yes", second: "no"})


def test_an_answer_after_a_long_sleep_counts(workflow, open_page):
    page = open_page("/classify/night/")
    name = ready(page)
    browser = page.context.new_cdp_session(page)
    browser.send("Page.setWebLifecycleState", {"state": "frozen"})
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    release_expired()
    browser.send("Page.setWebLifecycleState", {"state": "active"})
    press(page, "y")
    wait_until(page, lambda: standing() == {name: "yes"})


def test_ten_answers_can_be_undone_one_by_one(workflow, open_page):
    page = open_page("/classify/night/")
    names = [press(page, "y") for _ in range(12)]
    wait_until(page, lambda: len(standing()) == 12)
    for name in reversed(names[2:]):
        page.keyboard.press("z")
        expect(page.locator(f"[data-subject='{name}']")).to_be_attached()
        ready(page)
    expect(page.locator("[data-part=undo]")).to_be_disabled()
    wait_until(page, lambda: standing() == dict.fromkeys(names[:2], "yes"))


def test_answers_given_without_a_network_arrive_in_order_when_it_is_back(workflow, open_page):
    page = open_page("/classify/night/")
    loaded_ahead(page)
    page.context.set_offline(True)
    names = [press(page, key) for key in "ynuy"]
    expect(page.get_by_text("4 answers are saved in this browser")).to_be_visible()
    page.context.set_offline(False)
    wait_until(page, lambda: standing() == dict(zip(names, ("yes", "no", "unsure", "yes"), strict=True)))
    expect(page.locator("[data-part=waiting]")).to_be_hidden()
    assert Classification.objects.count() == 4


def test_what_waits_is_counted_again_when_an_answer_is_undone_without_a_network(workflow, open_page):
    page = open_page("/classify/night/")
    loaded_ahead(page)
    page.context.set_offline(True)
    for key in "yn":
        press(page, key)
    expect(page.get_by_text("2 answers are saved in this browser")).to_be_visible()
    press(page, "z")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()


def test_nothing_is_lost_when_the_network_fails(workflow, open_page):
    page = open_page("/classify/night/")
    loaded_ahead(page)
    page.context.set_offline(True)
    given = {press(page, "y"): "yes", press(page, "n"): "no"}
    expect(page.get_by_text("2 answers are saved in this browser")).to_be_visible()
    assert standing() == {}
    page.context.set_offline(False)
    wait_until(page, lambda: standing() == given)
    expect(page.locator("[data-part=waiting]")).to_be_hidden()


def test_an_answer_survives_a_reload_before_it_was_sent(workflow, open_page):
    page = open_page("/classify/night/")
    intercept(page, "**/api/classifications/", lambda route: route.abort())
    first = press(page, "y")
    expect(page.get_by_text("One answer is saved in this browser")).to_be_visible()
    page.unroute("**/api/classifications/")
    page.reload()
    wait_until(page, lambda: standing() == {first: "yes"})
    assert ready(page) != first


def test_answers_of_a_session_that_has_ended_wait_for_the_next(workflow, open_page, django_user_model):
    ann = django_user_model.objects.create_user("ann", password="ann")
    page = open_page("/classify/night/", user=ann)
    ready(page)
    Session.objects.all().delete()
    given = {press(page, "y"): "yes", press(page, "n"): "no"}
    expect(page.get_by_text("You've been signed out. 2 answers are saved")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/accounts/login/?next=/classify/night/")
    assert standing() == {}
    sign_in(page, ann)
    page.goto("/classify/night/")
    wait_until(page, lambda: standing() == given)
    assert set(Classification.objects.values_list("volunteer__user__username", flat=True)) == {"ann"}


def test_a_lost_reply_counts_once(workflow, open_page):
    page = open_page("/classify/night/")
    tries = lose_first_reply(page, "**/api/classifications/")
    first = press(page, "y")
    wait_until(page, lambda: len(tries) == 2)
    assert tries[0]["id"] == tries[1]["id"]
    assert standing() == {first: "yes"}
    expect(page.locator("[data-part=waiting]")).to_be_hidden()
