"""Memory that a training frees is there for its next step, and everybody's again at its end."""

import platform
import resource
from pathlib import Path

import pytest
import torch

from ml.malloc import kept_memory

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Another C library is left as it is.")
LARGE = 48 * 2**20  # bytes


def faults(rounds=20):
    """Return how many pages had to be found for as many large tensors, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        torch.ones(LARGE, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def in_memory():
    """Return how many bytes of this process are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_freed_memory_is_not_asked_for_again():
    usual = faults()
    with kept_memory():
        faults(1)
        assert faults() < usual / 10


def test_it_is_given_back_at_the_end_also_of_a_run_that_fails():
    before = in_memory()
    with pytest.raises(KeyError), kept_memory():
        faults(1)
        assert in_memory() > before + LARGE / 2
        raise KeyError
    assert in_memory() < before + LARGE / 2
    assert faults() > 100
