"""Every linked page meets WCAG 2.2 AA (axe), in light and dark mode, on a phone and at high zoom."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.acceptance.people import member
from tests.integration.pages.full_sky import something_on_each_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
NOT_PAGES = re.compile(r"\.(csv|json|parquet|xml|png|bin|zip|pdf|ics|jsonl|vot|fits)$|^/api/|logout")
AS_LONG_AS = 90  # pages a person reaches in this small sky
VIOLATIONS = "(rules) => axe.run(rules).then((results) => results.violations)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def survey(db):
    return something_on_each_page()


def pages(page):
    """Follow all links from the current page; yield after each load, one page of each kind."""
    waiting, kinds = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", urlsplit(path).path)
        if kind in kinds or NOT_PAGES.search(urlsplit(path).path):
            continue
        kinds.add(kind)
        response = page.goto(path)
        assert response.ok, f"{path} answers {response.status}"
        page.wait_for_load_state("load")
        yield kind
        links = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.href)")
        ours = [urlsplit(link) for link in links if urlsplit(link).netloc == urlsplit(page.url).netloc]
        waiting += [link.path + (f"?{link.query}" if link.query else "") for link in ours]
    assert len(kinds) <= AS_LONG_AS


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
    for kind in pages(page):
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
