"""Every file named in the documentation exists, and every test that it names."""

import re
from dataclasses import fields

import pytest

from ml.io.alerts.packet_map import PacketMap
from webapp.core.environment import ROOT

MADE = {"docker/secrets/"}  # by whoever installs the site
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMED = re.compile(r"`((?:ml|webapp|tasks|tests|bench|templates|static|docker|docs)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_names_files_that_are_there(page):
    missing = [name for name in NAMED.findall(page.read_text()) if name not in MADE and not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_its_pictures_are_there_and_small(page):
    pictures = [page.parent / name for name in re.findall(r"!\[.+?\]\(([\w./-]+)\)", page.read_text())]
    assert [picture for picture in pictures if picture.stat().st_size > 100_000] == []


def test_ingest_explains_each_line_of_a_mapping():
    guide = (ROOT / "docs/ingest.md").read_text()
    known = {each.name for each in fields(PacketMap)} - {"edges"}  # which a mapping cannot have
    assert [name for name in known if not re.search(rf"\b{name}:|`{name}`", guide)] == []


def test_each_chapter_of_security_is_shown_by_tests_that_are_there():
    rows = re.findall(r"^\| (V\d+\b.*?) \|.*\| (.*?) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE)
    assert {int(re.match(r"V(\d+)", chapter)[1]) for chapter, _ in rows} == {*range(1, 15)}
    named = {chapter: [ROOT / "tests" / name for name in re.findall(r"`([^`]+)`", shown)] for chapter, shown in rows}
    assert [chapter for chapter, tests in named.items() if not tests] == []
    assert [test for tests in named.values() for test in tests if not has_tests(test)] == []


def has_tests(path):
    return path.is_file() or any(path.rglob("test_*.py"))
