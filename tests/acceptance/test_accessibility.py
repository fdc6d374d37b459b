"""Every linked page meets WCAG 2.2 AA (axe), in light and dark mode, on a phone and at high zoom."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.acceptance.linked_pages import linked_pages
from tests.acceptance.people import member
from tests.integration.pages.full_sky import something_on_each_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
LOOKS = {  # what the theme and the width of a page may change; its markup stays
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "link-in-text-block", "scrollable-region-focusable"],
    },
    "resultTypes": ["violations"],
}
VIOLATIONS = "(rules) => axe.run(rules).then((results) => results.violations)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def survey(db):
    return something_on_each_page()


@pytest.mark.parametrize(
    ("role", "language"),
    [
        ("admin", "de"),  # the most pages, in the longest words
        ("volunteer", "fr"),
        (None, "es"),
    ],
)
def test_every_page_can_be_used_by_everybody(survey, open_page, role, language):
    user = member(survey, role) if role else None
    page = open_page("/", user=user, reduced_motion="reduce")
    page.context.set_extra_http_headers({"Accept-Language": language})
    page.add_init_script(AXE_SCRIPT)
    wrong = {}
    look(page, "dark", 390)
    for kind in linked_pages(page):
        found = barriers(page, RULES)
        look(page, "light", 1440)
        found += barriers(page, LOOKS)
        look(page, "dark", 390)
        if found:
            wrong[kind] = found
    assert not wrong, "\n".join(f"{kind}\n  " + "\n  ".join(found) for kind, found in wrong.items())


def test_a_scientists_pages_can_be_used_at_high_zoom(survey, open_page):
    page = open_page("/", user=member(survey, "scientist"), reduced_motion="reduce", color_scheme="dark", width=720)
    wrong = [kind for kind in linked_pages(page) if page.evaluate(OVERFLOW) > 0]
    assert not wrong, f"wider than the screen: {', '.join(wrong)}"


def look(page, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})


def barriers(page, rules):
    """What axe finds against `rules`, and whether the page is wider than the screen."""
    found = [
        f"{violation['id']}: {node['html'][:120]} ({node.get('failureSummary', '')[:200]})"
        for violation in page.evaluate(VIOLATIONS, rules)
        for node in violation["nodes"]
    ]
    wider = page.evaluate(OVERFLOW)
    return [*found, f"{wider} px wider than the screen"] if wider > 0 else found
