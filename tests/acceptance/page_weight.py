"""What a page weighs, and whether it keeps still while it loads.

Counted is what a browser with an empty cache gets, compressed as the site's server compresses it: the page, its
scripts, styles and fonts, but no pictures or pixels. Bokeh, which pages with plots load once and keep, has its own
bound. Nobody touches the pages, so every shift counts, those too that a browser forgives after input or a new size.
"""

import gzip
from urllib.parse import urlsplit

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


class Weight:
    """Compressed bytes of what a page loads, by address; each file is compressed once."""

    def __init__(self, page):
        self.requests, self.responses, self.files = [], [], {}
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _asked(self, request):
        if request.is_navigation_request():
            self.requests.clear()
            self.responses.clear()
        self.requests.append(request)

    def _answered(self, response):
        """Keep it, unless it comes late to the page before, whose bodies the browser no longer has."""
        if response.request in self.requests:
            self.responses.append(response)

    def take(self):
        """Return {path: bytes} of the responses to the page so far."""
        weights = {}
        for response in [*self.responses]:  # more may come while the browser hands out bodies
            path = urlsplit(response.url).path
            kind = response.headers.get("content-type", "")
            if response.status != 200 or kind.startswith(PICTURES):
                continue
            if path not in self.files or not path.startswith("/static/"):
                self.files[path] = len(gzip.compress(response.body()))
            weights[path] = self.files[path]
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
