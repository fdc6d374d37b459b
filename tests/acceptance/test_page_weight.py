"""Every linked page is light and keeps still while it loads, on a desktop and on a phone.

Counted is what a browser with an empty cache gets, compressed as the site's server compresses it: the page, its
scripts, styles and fonts, but no pictures or pixels. Bokeh, which pages with plots load once and keep, has its own
bound. Nobody touches the pages, so every shift counts, those too that a browser forgives after input or a new size.
"""

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.acceptance.linked_pages import linked_pages
from tests.acceptance.people import member
from tests.integration.pages.full_sky import something_on_each_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

MOST_SHIFT = 0.02
MOST_BYTES = 120_000
MOST_BYTES_TO_CLASSIFY = 150_000
MOST_BYTES_OF_BOKEH = 400_000
SETTLED = 200  # ms after load: parts that come later have come, and plots are drawn
PICTURES = ("image/", "application/octet-stream")
WATCH = """
  window.shifts = [];
  new PerformanceObserver((list) => window.shifts.push(...list.getEntries()))
    .observe({ type: "layout-shift", buffered: true });
"""
SHIFTS = """() => window.shifts.map((shift) => [
  shift.value, ...shift.sources.map(({ node }) => node?.nodeType === 1 ? node.cloneNode().outerHTML : node?.textContent)
])"""


@pytest.fixture
def survey(db):
    return something_on_each_page()


class Weight:
    """Compressed bytes of what a page loads, by address; each file is compressed once."""

    def __init__(self, page):
        self.responses, self.files = [], {}
        page.on("response", lambda response: self.responses.append(response))

    def take(self):
        """Return {path: bytes} of the responses since the last call."""
        weights = {}
        for response in self.responses:
            path = urlsplit(response.url).path
            kind = response.headers.get("content-type", "")
            if response.status != 200 or kind.startswith(PICTURES):
                continue
            if path not in self.files or not path.startswith("/static/"):
                self.files[path] = len(gzip.compress(response.body()))
            weights[path] = self.files[path]
        self.responses.clear()
        return weights


def problems(page, kind, weights):
    """Return sentences that say what is too heavy or moves."""
    bokeh = sum(size for path, size in weights.items() if "/bokeh/" in path)
    rest = sum(weights.values()) - bokeh
    found = []
    if rest > (MOST_BYTES_TO_CLASSIFY if kind.startswith("/classify/") else MOST_BYTES):
        found.append(f"{rest} bytes: {sorted(weights.items(), key=lambda each: -each[1])[:8]}")
    if bokeh > MOST_BYTES_OF_BOKEH:
        found.append(f"{bokeh} bytes of Bokeh")
    shifts = page.evaluate(SHIFTS)
    if sum(value for value, *_ in shifts) > MOST_SHIFT:
        found.append(f"shifts {shifts}")
    return found


@pytest.mark.parametrize("width", [1440, 390])
def test_a_page_that_moves_is_noticed(open_page, width):
    page = open_page("about:blank", width=width)
    page.add_init_script(WATCH)
    page.goto("/accounts/login/")
    page.wait_for_timeout(SETTLED)
    page.evaluate("document.querySelector('main').style.marginTop = '200px'")
    page.wait_for_timeout(SETTLED)
    assert sum(value for value, *_ in page.evaluate(SHIFTS)) > MOST_SHIFT


@pytest.mark.parametrize(("role", "width"), [("scientist", 1440), ("volunteer", 390)])
def test_pages_are_light_and_keep_still(survey, open_page, role, width):
    page = open_page("about:blank", user=member(survey, role), width=width)
    page.add_init_script(WATCH)
    weight, wrong = Weight(page), {}
    for kind in linked_pages(page):
        page.wait_for_timeout(SETTLED)
        if found := problems(page, kind, weight.take()):
            wrong[kind] = found
    assert not wrong, "\n".join(f"{kind}\n  " + "\n  ".join(found) for kind, found in wrong.items())


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/accounts/signup/", "/accounts/password/change/", "/you/leave/"]
)
def test_a_late_button_to_show_a_password_moves_nothing(survey, open_page, address):
    is_own = address.startswith(("/you/", "/accounts/password/"))
    page = open_page("about:blank", user=member(survey, "volunteer") if is_own else None, width=390)
    page.add_init_script(WATCH)
    waiting = []
    page.route("**/show_password*.js", lambda route: waiting.append(route))
    page.goto(address, wait_until="commit")
    expect(page.locator("input[type=password]").first).to_be_visible()
    page.wait_for_timeout(SETTLED)
    (script,) = waiting
    script.continue_()
    expect(page.get_by_role("button", name="Show password").first).to_be_visible()
    page.wait_for_timeout(SETTLED)
    assert sum(value for value, *_ in page.evaluate(SHIFTS)) == 0
