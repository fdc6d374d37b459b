"""Every file named in the documentation exists."""

import re

import pytest

from webapp.core.environment import ROOT

MADE = {"docker/secrets/"}  # by whoever installs the site
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NAMED = re.compile(r"`((?:ml|webapp|tasks|tests|bench|templates|static|docker|docs)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_names_files_that_are_there(page):
    missing = [name for name in NAMED.findall(page.read_text()) if name not in MADE and not (ROOT / name).exists()]
    assert missing == []
