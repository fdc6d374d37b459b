"""Commands and beat start in a second: what only pixels and models need is not loaded before it is used."""

import os
import subprocess
import sys

from webapp.core.environment import ROOT

LOADED = "import django, sys; django.setup(); print(*{name.partition('.')[0] for name in sys.modules})"


def test_a_command_starts_without_the_libraries_of_science():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert "django" in loaded.split()
    assert not {"astropy", "pandas", "pyarrow", "scipy", "torch", "zarr"} & set(loaded.split())
