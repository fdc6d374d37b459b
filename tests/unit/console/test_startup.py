"""Commands and beat start in a second: what only pixels and models need is not loaded before it is used."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError

from webapp.console.site import check_port
from webapp.core.environment import ROOT

SCIENCE = {"astropy", "pandas", "pyarrow", "scipy", "torch", "zarr"}
TELL = "import sys; print(*sys.modules)"


def loaded_by(code):
    """Return the names of all modules that a new process has loaded after this code."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-c", f"{code}; {TELL}"]
    return set(
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.split()
    )


def test_a_command_starts_without_the_libraries_of_science():
    loaded = loaded_by("import django; django.setup()")
    assert "django" in loaded
    assert not SCIENCE & loaded


def test_beat_starts_without_the_libraries_of_science_and_without_the_pages():
    loaded = loaded_by("from tasks.beat import app; app.loader.import_default_modules()")
    assert "celery" in loaded
    assert not {*SCIENCE, "webapp.urls"} & loaded


@pytest.mark.parametrize("port", [-1, 0, 65_536, 99_999_999])
def test_a_port_that_cannot_be_is_refused_in_a_sentence(port):
    with pytest.raises(CommandError, match=f"A port is a number from 1 to 65535, not {port}"):
        check_port("127.0.0.1", port)
