"""docs/admin.md lists every setting, and its commands work."""

import re

import pytest
import yaml

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


def test_the_upgrade_names_the_parts_of_compose_and_kubernetes():
    (upgrade,) = re.findall(r"## Upgrade\n(.*?)\n## ", TEXT, re.DOTALL)
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    for words in re.findall(r"docker compose stop (.*)", upgrade):
        assert {*words.split()} == {"web", "worker", "beat"} <= services.keys()
    assert {*re.findall(r"--volume \S+ (\w+) python manage.py", upgrade)} == {"migrate"} <= services.keys()
    parts = {
        (part["kind"], part["metadata"]["name"])
        for path in (ROOT / "docker/kubernetes").glob("*.yaml")
        for part in yaml.safe_load_all(path.read_text())
    }
    kinds = {"hpa": "HorizontalPodAutoscaler", "deployment": "Deployment", "job": "Job"}
    named = re.findall(r"kubectl (?:delete|scale) (\w+) ((?:wanderers-\w+ ?)+)", upgrade)
    named = {(kinds[kind], name) for kind, names in named for name in names.split()}
    assert named == {part for part in parts if part[0] in kinds.values()}
    assert named >= {("Job", name) for name in re.findall(r"job/(\S+)", upgrade)}
