"""Every linked page meets WCAG 2.2 AA (axe), in light and dark mode, on a phone and at high zoom."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.acceptance.linked_pages import linked_pages
from tests.acceptance.people import member
from tests.integration.pages.full_sky import something_on_each_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
VIOLATIONS = "(rules) => axe.run(rules).then((results) => results.violations)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def survey(db):
    return something_on_each_page()


@pytest.mark.parametrize(
    ("role", "scheme", "width", "language"),
    [
        ("admin", "light", 1440, "en"),
        ("admin", "dark", 390, "de"),  # the longest words
        ("scientist", "dark", 390, "en"),
        ("volunteer", "light", 390, "fr"),
        (None, "dark", 720, "es"),
    ],
)
def test_every_page_can_be_used_by_everybody(survey, open_page, role, scheme, width, language):
    user = member(survey, role) if role else None
    page = open_page("/", user=user, color_scheme=scheme, width=width, reduced_motion="reduce")
    page.context.set_extra_http_headers({"Accept-Language": language})
    page.add_init_script(AXE_SCRIPT)
    wrong = {}
    for kind in linked_pages(page):
        found = [
            f"{violation['id']}: {node['html'][:120]} ({node.get('failureSummary', '')[:200]})"
            for violation in page.evaluate(VIOLATIONS, RULES)
            for node in violation["nodes"]
        ]
        if page.evaluate(OVERFLOW) > 0:
            found.append(f"{page.evaluate(OVERFLOW)} px wider than the screen")
        if found:
            wrong[kind] = found
    assert not wrong, "\n".join(f"{kind}\n  " + "\n  ".join(found) for kind, found in wrong.items())
