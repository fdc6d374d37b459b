"""`.ci/secrets` finds a key in what configures a site by its randomness, and takes hashes elsewhere for hashes."""

import secrets
import subprocess
import sys

import pytest

from webapp.core.environment import ROOT


@pytest.fixture
def scan(tmp_path):
    """Scan a repository of these files, whose baseline is empty; return the files that are named."""

    def of(files):
        (tmp_path / ".secrets.baseline").write_text('{"results": {}}')
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        for command in (["git", "init", "-q"], ["git", "add", "-A"]):
            subprocess.run(command, cwd=tmp_path, check=True)
        ended = subprocess.run(
            [sys.executable, str(ROOT / ".ci/secrets")], cwd=tmp_path, capture_output=True, text=True
        )
        return ended.returncode, {line.split(":")[0] for line in ended.stderr.splitlines()}

    return of


def test_a_key_is_found_wherever_a_site_is_configured(scan):
    words = [secrets.token_hex(32), secrets.token_urlsafe(40)]
    planted = {
        "docker/compose.yaml": f'services: {{web: {{environment: {{KEY: "{words[0]}"}}}}}}\n',
        "docker/run": f'export SITE="{words[0]}"\n',
        "webapp/settings.py": f'SALT = "{words[1]}"\n',
        "pyproject.toml": f'[tool.x]\nname = "{words[0]}"\n',
    }
    assert scan(planted) == (1, planted.keys())


def test_hashes_elsewhere_and_configuration_without_a_key_are_no_alarm(scan):
    harmless = {
        "tests/test_hash.py": f'DIGEST = "{secrets.token_hex(32)}"\n',
        "docker/compose.yaml": "services: {web: {environment: {KEY_FILE: /run/secrets/key}}}\n",
    }
    assert scan(harmless) == (0, set())
