"""The docs site loads nothing from elsewhere, and its reference of the API names what each call takes and returns."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from webapp.core.environment import ROOT

ELSEWHERE = re.compile(r"\s*(?:[a-z]+:)?//", re.IGNORECASE)
LOADED = {"src", "srcset", "poster", "data", "background", "xlink:href"}
"""Attributes whose address a browser asks for by itself, unlike that of a link to click."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True)
    return folder


class Loads(HTMLParser):
    """Collects the addresses that a page loads."""

    def __init__(self):
        super().__init__()
        self.addresses, self.diagrams = [], 0

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.addresses += [value for name, value in given.items() if name in LOADED or (tag, name) == ("link", "href")]
        self.addresses += re.findall(r"url\(['\"]?([^)'\"]+)", given.get("style", ""))
        self.diagrams += "mermaid" in given.get("class", "")


def loads(text):
    found = Loads()
    found.feed(text)
    return found


def test_what_is_loaded_is_seen():
    page = "<link href='https://a.org/x.css'><img srcset='//a.org/x 2x'><a href='https://a.org'>x</a><p class=mermaid>"
    found = loads(page)
    assert [bool(ELSEWHERE.match(each)) for each in found.addresses] == [True, True]
    assert found.diagrams == 1


def test_no_page_loads_anything_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        found = loads(page.read_text())
        assert found.addresses, page
        assert [each for each in found.addresses if ELSEWHERE.match(each)] == [], page
        assert found.diagrams == 0, "the theme would load mermaid from elsewhere"


def test_no_style_loads_anything_from_elsewhere(site):
    styles = sorted(site.rglob("*.css"))
    assert styles
    for style in styles:
        addresses = re.findall(r"(?:url\(|@import)\s*['\"]?([^)'\";]+)", style.read_text())
        assert [each for each in addresses if ELSEWHERE.match(each)] == [], style


@pytest.fixture(scope="module")
def reference():
    spec = spec_from_file_location("site_hooks", ROOT / "docs/site_hooks.py")
    hooks = module_from_spec(spec)
    spec.loader.exec_module(hooks)
    return hooks.reference()


def part(reference, heading):
    """Return the text below a heading of the third level."""
    return re.split(r"^##", reference.partition(f"\n### {heading}")[2], flags=re.MULTILINE)[0]


def test_each_call_says_what_it_returns(reference):
    calls = re.findall(r"^### `((?:GET|POST|PUT|PATCH|DELETE) .*)`$", reference, re.MULTILINE)
    assert len(calls) > 90
    assert [each for each in calls if "Returns 20" not in part(reference, f"`{each}`")] == []


def test_a_call_names_the_fields_of_what_it_takes_and_returns(reference):
    start = part(reference, "`POST /api/training-runs/`")
    assert "Send [StartTraining](#object-starttraining), as JSON or a form" in start
    assert "Returns 201 (created): [TrainingRun](#object-trainingrun), as JSON." in start
    taken, returned = (part(reference, f"{name} {{#object-") for name in ("StartTraining", "TrainingRun"))
    assert re.search(r"\| `workflow` \| string \| \*required\*", taken)
    assert re.search(r"\| `state` \| `queued`, `running`", returned)
    assert "a [page](api.md) of [TrainingRun]" in part(reference, "`GET /api/training-runs/`")


def test_each_object_that_is_named_is_described(reference):
    named = set(re.findall(r"\]\(#(object-[a-z]+)\)", reference))
    assert len(named) > 50
    assert named <= set(re.findall(r"\{#(object-[a-z]+)\}$", reference, re.MULTILINE))
