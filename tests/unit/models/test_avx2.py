"""Training and scoring on a processor that knows AVX2 only, as most laptops do: the same tests, in a capped process."""

import os
import subprocess
import sys

from tests.unit.models.test_autotune import CAPPED

UNIT = "tests/unit"
TRAINING = f"{UNIT}/training/test_network.py::test_the_small_net_learns_to_see_a_source[stamp]"
HEAD = f"{UNIT}/training/test_sky_presets.py::test_a_checkpoint_contains_its_network"


RUN = """
import sys
import pytest
import torch
print(torch.backends.cpu.get_cpu_capability())
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_a_net_is_trained_and_a_head_is_scored(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= CAPPED | {"WANDERERS_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", RUN, "-q", "-p", "no:xdist", "-p", "no:randomly", TRAINING, HEAD]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.splitlines()[0] == "AVX2", "the cap holds"
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
