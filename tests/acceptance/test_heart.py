"""The heart on the last answer's card shows favourites, and errors."""

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, press, ready, wait_until
from tests.acceptance.intercept import intercept
from webapp.community.models import Favourite

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def workflow(db):
    return make_workflow(n=1, undo_seconds=300)


def heart(page, pressed):
    return page.locator(f".last .heart[aria-pressed={pressed}]")


def answer(page):
    with page.expect_response("**/api/classifications/"):
        press(page, "y")


def take_back(page):
    with page.expect_response("**/undo/"):
        page.keyboard.press("z")
    ready(page)


def test_a_favourite_is_still_one_when_its_answer_is_given_again(workflow, open_page):
    user = get_user_model().objects.create_user("ada", password="ada")
    page = open_page("/classify/night/", user=user)
    answer(page)
    heart(page, "false").click()
    wait_until(page, Favourite.objects.exists)
    take_back(page)
    page.reload()  # which remembers nothing
    answer(page)
    expect(heart(page, "true")).to_be_visible()
    heart(page, "true").click()
    wait_until(page, lambda: not Favourite.objects.exists())


def test_a_visitors_page_remembers_their_hearts(workflow, open_page):
    page = open_page("/classify/night/")
    answer(page)
    heart(page, "false").click()
    wait_until(page, Favourite.objects.exists)
    take_back(page)
    answer(page)
    expect(heart(page, "true")).to_be_visible()


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (lambda route: route.abort(), "Can't reach the server. Nothing was changed"),
        (lambda route: route.fulfill(status=404, json={"detail": "It is gone."}), "It is gone."),
        (lambda route: route.fulfill(status=502, body="<p>"), "The server answered 502."),
    ],
)
def test_a_heart_that_was_not_given_is_said(workflow, open_page, fail, said):
    page = open_page("/classify/night/")
    intercept(page, "**/api/favourites/**", fail)
    answer(page)
    heart(page, "false").click()
    for part in ("status", "notice"):  # for ears and eyes
        expect(page.locator(f"[data-part={part}]")).to_contain_text(said)
    expect(heart(page, "false")).to_be_visible()
