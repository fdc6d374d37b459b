"""A scientist decides about flags in the browser, also on a phone, and with the keyboard only."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.quality.test_flags_page import NUMBERS
from tests.integration.world import make_volunteer, make_workflow
from webapp.quality.models import QualityFlag, QualityScan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scientist():
    workflow = make_workflow(subjects=2)
    now = timezone.now()
    QualityScan.objects.create(workflow=workflow, state="done", done=812, finished_at=now)
    for number, (kind, numbers) in enumerate(NUMBERS.items()):
        bot = make_volunteer(f"quick-answers-{number}")
        original = make_volunteer("one-of-many-names") if kind == "copy" else None
        QualityFlag.objects.create(
            volunteer=bot, workflow=workflow, kind=kind, numbers=numbers, p=10.0 ** (-30 + number), seen_at=now,
            original=original,
        )  # fmt: skip
    return member(workflow.survey, "scientist")


def button(page, word):
    return page.get_by_role("button", name=re.compile(f"{word} ?: quick-answers-0"))


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_deciding(scientist, open_page, width, scheme, tmp_path):
    page = open_page("/surveys/atlas/quality/", user=scientist, width=width, color_scheme=scheme)
    expect(page.get_by_text("4 open")).to_be_visible()
    button(page, "Dismiss").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dismissed. Votes by quick-answers-0")).to_be_visible()
    page.screenshot(path=tmp_path / "said.png", full_page=True)
    page.goto("/surveys/atlas/quality/")
    page.get_by_text("Closed flags: 1").click()
    expect(button(page, "Undo")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    page.screenshot(path=tmp_path / "quality.png", full_page=True)
    button(page, "Undo").click()
    expect(page.get_by_text("4 open")).to_be_visible()


def test_what_a_worker_finds_appears_by_itself(open_page):
    workflow = make_workflow(subjects=2)
    scan = QualityScan.objects.create(workflow=workflow, state="running")
    page = open_page("/surveys/atlas/quality/", user=member(workflow.survey, "scientist"))
    expect(page.get_by_text("A worker is scanning the classifications")).to_be_visible()
    kind, numbers = next(iter(NUMBERS.items()))
    bot = make_volunteer("quick-answers")
    QualityFlag.objects.create(
        volunteer=bot, workflow=workflow, kind=kind, numbers=numbers, p=1e-9, seen_at=timezone.now()
    )
    QualityScan.objects.filter(pk=scan.pk).update(state="done", done=7, finished_at=timezone.now())
    expect(page.get_by_text("1 open")).to_be_visible()
    expect(page.get_by_text(": 7 volunteers.")).to_be_visible()
    assert page.locator("[hx-trigger]").count() == 0
