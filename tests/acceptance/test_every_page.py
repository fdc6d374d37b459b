"""Every linked page meets WCAG 2.2 AA (axe), in light and dark mode, on a phone, at high zoom and with large text; it
is light, and keeps still while it loads, on a desktop and on a phone.

One walk looks at all of this, since to load a page takes longer than to look at it.
"""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.acceptance.linked_pages import linked_pages
from tests.acceptance.page_weight import SETTLED, WATCH, Weight, problems
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
REPEATED = """[...document.querySelectorAll("[id]")].map((each) => each.id)
    .filter((id, place, ids) => id && ids.indexOf(id) !== place)"""  # a chart's own, in its shadow tree, may recur
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DESKTOP, ZOOMED, PHONE = 1440, 720, 390


@pytest.fixture
def survey(db):
    return something_on_each_page()


@pytest.mark.parametrize(
    ("role", "language", "width"),
    [
        ("admin", "de", DESKTOP),  # the most pages, in the longest words
        ("volunteer", "fr", PHONE),
        (None, "es", PHONE),
    ],
)
def test_every_page_can_be_used_by_everybody_is_light_and_keeps_still(survey, open_page, role, language, width):
    page = open_page("about:blank", user=member(survey, role) if role else None, width=width)
    page.context.set_extra_http_headers({"Accept-Language": language})
    page.add_init_script(WATCH)
    page.add_init_script(AXE_SCRIPT)
    weight, wrong = Weight(page), {}
    for kind in linked_pages(page):
        page.wait_for_timeout(SETTLED)
        found = problems(page, kind, weight.take())
        found += [f"more than one element has the id {name}" for name in page.evaluate(REPEATED)]
        look(page, "light", DESKTOP)
        found += barriers(page, LOOKS)
        look(page, "dark", PHONE)
        found += barriers(page, RULES)
        if width == PHONE:
            found += wider_with_large_text(page)
        look(page, "dark", ZOOMED)
        found += wider(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        if found:
            wrong[kind] = found
    assert not wrong, "\n".join(f"{kind}\n  " + "\n  ".join(found) for kind, found in wrong.items())


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
    return found + wider(page)


def wider_with_large_text(page):
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found = [f"{each}, with text at 200 %" for each in wider(page)]
    page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def wider(page):
    pixels = page.evaluate(OVERFLOW)
    return [f"{pixels} px wider than a screen of {page.viewport_size['width']} px"] if pixels > 0 else []
