"""Training and scoring on a processor that knows AVX2 only, as most laptops do: the same tests, in a capped process."""

import os
import subprocess
import sys

from tests.unit.models.test_autotune import CAPPED

UNIT = "tests/unit"
TRAINING = f"{UNIT}/training/test_network.py::test_the_small_net_learns_to_see_a_source[stamp]"
HEAD = f"{UNIT}/training/test_sky_presets.py::test_a_checkpoint_contains_its_network"


def capped(*command: str, cache: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= CAPPED | {"WANDERERS_CACHE": cache}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, check=False)


def test_the_cap_holds(tmp_path):
    done = capped("-c", "import torch; print(torch.backends.cpu.get_cpu_capability())", cache=str(tmp_path))
    assert done.stdout.strip() == "AVX2"


def test_a_net_is_trained_and_a_head_is_scored(tmp_path):
    done = capped("-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:randomly", TRAINING, HEAD, cache=str(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
