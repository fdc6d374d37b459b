"""Headings have the display face, which costs little and moves nothing; the classify page goes without."""

from pathlib import Path

import pytest

from tests.acceptance.classifying import make_workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FONTS = Path(__file__).resolve().parents[2] / "static" / "site" / "fonts"
LOADED = "document.fonts.ready.then((all) => [...all].filter((f) => f.status === 'loaded').map((f) => f.family))"
FACE = "(selector) => getComputedStyle(document.querySelector(selector)).fontFamily.split(',')[0]"
NAME = '"Bricolage Grotesque"'


def test_headings_have_the_display_face(db, open_page):
    page = open_page("/")
    assert page.evaluate(FACE, "h1") == page.evaluate(FACE, ".wordmark") == NAME
    assert NAME.strip('"') in page.evaluate(LOADED)
    assert page.evaluate(FACE, "p") != NAME


def test_the_classify_page_loads_none(db, open_page):
    make_workflow()
    page = open_page("/classify/night/")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(LOADED) == []
    assert page.locator("link[rel=preload]").count() == 0


def test_it_is_small_and_its_licence_is_beside_it():
    assert sum(file.stat().st_size for file in FONTS.glob("*.woff2")) <= 60_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text()
