"""Everything that is installed is named in constraints.txt with its exact version, and comes from PyPI or Debian."""

import re
from importlib.metadata import distributions

from webapp.core.environment import ROOT

LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
OF_PYTHON = {"pip", "setuptools"}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_installed_has_the_version_of_the_constraints():
    wanted = dict(line.split("==") for line in LINES)
    wanted = {plain(name): version for name, version in wanted.items()}
    found = {plain(each.metadata["Name"]): each.version for each in distributions()}
    assert len(found) > 100
    assert {name: version for name, version in found.items() - wanted.items() if name not in OF_PYTHON} == {}


def test_images_install_nothing_without_the_constraints_and_from_no_other_index():
    installs = re.findall(r"pip (?:install|wheel) (.*?)(?= && |$)", DOCKERFILE, re.M)
    assert len(installs) > 3
    assert [each for each in installs if "-c constraints.txt" not in each and "/wheels/" not in each] == []
    assert not re.search(r"index-url|git\+|https?://", DOCKERFILE + "\n".join(LINES))
