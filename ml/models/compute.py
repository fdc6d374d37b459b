"""Compute settings of a network on this machine: precision, memory format and threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

PRECISIONS = ("float32", "bfloat16")
MEMORY_FORMATS = ("channels_last", "contiguous")


@dataclass(frozen=True)
class Compute:
    """Precision, memory format, device and threads of a network.

    Attributes
    ----------
    precision
        "float32" or "bfloat16", for the products in convolutions and layers; weights are float32 in both.
    memory_format
        "contiguous" or "channels_last".
    threads
        Torch's threads; unchanged on a GPU.
    samples_per_second
        Measured in training steps (or forward passes); 0 if not measured.
    source
        "measured", "stored" (measured by an earlier run), "environment", or "device" for a GPU.
    """

    precision: str
    memory_format: str
    threads: int
    samples_per_second: float
    source: str

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the autocast context of the network's forward pass."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def place(self, value: Any, device: torch.device) -> Any:
        """Return a module or a batch (B, C, H, W) or (B, C, T, H, W) on the device, in the memory format."""
        return value.to(device).to(memory_format=_memory_format(value, self.memory_format))

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Limit torch's threads inside the block, and a GPU to algorithms whose results do not vary."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.backends.cudnn.flags(enabled=True, deterministic=True):
                yield
        finally:
            torch.set_num_threads(before)

    def as_manifest(self) -> dict[str, Any]:
        """Return the "compute" entry of a checkpoint's manifest."""
        return {**asdict(self), "samples_per_second": round(self.samples_per_second, 1)}


def cores() -> int:
    """Return the number of cores to use: ``WANDERERS_THREADS``, or all that this process may use."""
    return int(os.environ.get("WANDERERS_THREADS") or len(os.sched_getaffinity(0)))


def limit_torch() -> None:
    """Limit torch to half of the cores, or ``WANDERERS_THREADS``, for everything that is not autotuned.

    Torch's threads wait for each other after every layer, so one that another process keeps from its core delays all:
    on two busy cores, two threads took twenty times as long as one.
    """
    torch.set_num_threads(int(os.environ.get("WANDERERS_THREADS") or max(1, len(os.sched_getaffinity(0)) // 2)))


def asked_of_environment(training: bool) -> dict[str, Any]:
    """Return the settings in the environment.

    Raises ValueError for a value that is none.
    """
    how = {
        "precision": os.environ.get("WANDERERS_PRECISION") if training else "float32",
        "memory_format": os.environ.get("WANDERERS_MEMORY_FORMAT"),
        "threads": (training and os.environ.get("WANDERERS_TRAINING_THREADS")) or os.environ.get("WANDERERS_THREADS"),
    }
    for name, allowed in (("precision", PRECISIONS), ("memory_format", MEMORY_FORMATS)):
        if how[name] and how[name] not in allowed:
            raise ValueError(f"WANDERERS_{name.upper()} is {' or '.join(allowed)}, not {how[name]!r}.")
    threads = how["threads"]
    if threads and not (threads.isdecimal() and int(threads)):
        raise ValueError(f"WANDERERS_THREADS is a number of threads, 1 or more, not {threads!r}.")
    return {name: int(value) if name == "threads" else value for name, value in how.items() if value}


def _memory_format(value: Any, name: str) -> torch.memory_format:
    if name == "contiguous":
        return torch.contiguous_format
    if isinstance(value, Tensor):
        return torch.channels_last_3d if value.ndim == 5 else torch.channels_last
    volumes = any(isinstance(module, nn.Conv3d) for module in value.modules())
    return torch.channels_last_3d if volumes else torch.channels_last
