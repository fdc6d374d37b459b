"""docs/admin.md lists every setting, and its commands work."""

import re

import pytest

from webapp.core.environment import ROOT

TEXT = (ROOT / "docs/admin.md").read_text()
SOURCES = [ROOT / "webapp" / name for name in ("settings.py", "core/environment.py")]
NAMES = sorted({name for path in SOURCES for name in re.findall(r'env\.\w+\("([A-Z_]+)"', path.read_text())})


@pytest.mark.parametrize("name", NAMES)
def test_admins_read_of_each_setting(name):
    (settings,) = re.findall(r"## Settings\n(.*?)\n## ", TEXT, re.DOTALL)
    rows = [line.split("|")[1] for line in settings.splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in row for row in rows)


def test_no_command_has_pip_read_a_pyproject():
    commands = re.split(r"`|\n    ", TEXT)
    assert not [each for each in commands if re.search(r"(?<!uv )pip install[\s\S]*-r\s+pyproject", each)]
