"""Training reuses freed memory for its next step, and returns it at its end."""

import json
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Another C library is left as it is.")
LARGE = 48 * 2**20  # bytes
RUN = f"""
import json, resource
from contextlib import suppress
from pathlib import Path
from ml.training.memory import keep_freed_memory

def faults(rounds=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        b"x" * {LARGE}
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def in_memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

told = {{"usual": faults(), "before": in_memory()}}
with suppress(KeyError), keep_freed_memory():
    faults(1)
    told |= {{"kept": faults(), "inside": in_memory()}}
    raise KeyError
print(json.dumps(told | {{"after": in_memory(), "usual_again": faults()}}))
"""


@pytest.fixture(scope="module")
def told():
    """Return page faults for twenty large objects in turn, and bytes in memory, of a failing run."""
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_freed_memory_is_not_asked_for_again(told):
    assert told["kept"] < told["usual"] / 10


def test_it_is_given_back_at_the_end_also_of_a_run_that_fails(told):
    assert told["inside"] > told["before"] + LARGE / 2
    assert told["after"] < told["before"] + LARGE / 2
    assert told["usual_again"] > told["usual"] / 2
