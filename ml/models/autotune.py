"""Autotune precision, memory format and threads on this processor, by timing a few steps.

The processor's name does not tell which is fastest: bfloat16 halves the time of a convolution with hardware support,
and takes ten times as long when emulated; channels last speeds up one network and slows down the next. A choice is
stored for network, processor and versions in the folder ``WANDERERS_CACHE`` (by default ``~/.cache/wanderers``), so
that the next run need not measure. Override it with ``WANDERERS_PRECISION``, ``WANDERERS_MEMORY_FORMAT``,
``WANDERERS_THREADS``, and ``WANDERERS_TRAINING_THREADS`` for training only.
"""

import copy
import hashlib
import json
import logging
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ml.models.compute import MEMORY_FORMATS, PRECISIONS, Compute, asked_of_environment, cores

LOG = logging.getLogger(__name__)
REPEATS = 3
SAMPLES, VALUES = 16, 100_000  # limits of the batch used to time precision and memory format
GAIN = 1.1  # minimum speed-up to replace the default
HOPELESS = 2.0  # slower than the best by this factor: not repeated
BUSY = 0.5  # load by other processes above which the choice of threads is not stored


def autotune(model: nn.Module, batch: Tensor, *, training: bool = True) -> Compute:
    """Return the fastest way to compute a network on this machine.

    Parameters
    ----------
    model
        It is not changed.
    batch
        (B, C, H, W) or (B, C, T, H, W), a typical input, on the model's device.
    training
        Time a forward and a backward pass; else only a forward pass, always in float32.
    """
    asked = asked_of_environment(training)
    if batch.device.type != "cpu":
        bfloat16 = training and torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        usual = Compute("bfloat16" if bfloat16 else "float32", "channels_last", torch.get_num_threads(), 0.0, "device")
        return replace(usual, **asked)
    if not training:
        asked.setdefault("threads", torch.get_num_threads())
    if _corrupts(model):
        asked["memory_format"] = "contiguous"
    if len(asked) == 3:
        return Compute(**asked, samples_per_second=0.0, source="environment")
    key = _key(model, batch, training, asked)
    found = _stored(key)
    if found is None or not found.threads:
        with torch.random.fork_rng(devices=[]):  # dropout uses random numbers: restore the state for training
            found = _measured(copy.deepcopy(model), batch, training, asked, found)
        is_lasting = "threads" in asked or os.getloadavg()[0] < BUSY * cores()
        _store(key, found if is_lasting else replace(found, threads=0))
    LOG.info("%s: %s", type(model).__name__, found)
    return found


def _corrupts(model: nn.Module) -> bool:
    """Return whether channels last would write out of bounds, as torch 2.15 does on a CPU.

    The backward pass of a strided 1×1 convolution with fewer than 16 input channels ends the process with "double free
    or corruption". All below 16 are excluded, since not every size was tried.
    """
    strided = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.stride != (1, 1)]
    return any(set(module.kernel_size) == {1} and module.in_channels % 16 for module in strided)


def _measured(model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any], known: Compute | None) -> Compute:
    """Time every setting, or only the threads for a known one."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        chosen = known or _fastest(model, batch[: max(2, min(SAMPLES, VALUES // batch[0].numel()))], training, asked)
        return replace(_with_threads(model.train(training), batch, chosen, asked, training), source="measured")
    finally:
        torch.set_num_threads(before)


def _fastest(model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any]) -> Compute:
    """Compare precisions and memory formats by CPU time on one thread, which other work hardly affects."""
    chosen, best = Compute("", "", 1, 0.0, "measured"), math.inf
    precisions = [asked["precision"]] if "precision" in asked else _bearable(model, batch, chosen)
    model.train(training)
    for precision in precisions:
        for memory_format in [asked["memory_format"]] if "memory_format" in asked else MEMORY_FORMATS:
            way = replace(chosen, precision=precision, memory_format=memory_format)
            took = _seconds(_step(model, batch, way, backward=training), time.thread_time, best)
            if took < best / (GAIN if chosen.precision else 1):
                chosen, best = way, took
    return chosen


def _bearable(model: nn.Module, batch: Tensor, way: Compute) -> list[str]:
    """Return the precisions worth timing: emulated, a single backward pass can take minutes."""
    took: dict[str, float] = {}
    model.eval()
    for precision in PRECISIONS:
        tried = replace(way, precision=precision, memory_format=MEMORY_FORMATS[0])
        forward = _step(model, batch[:1], tried, backward=False)
        took[precision] = _seconds(forward, time.thread_time, min(took.values(), default=math.inf))
    return [precision for precision in PRECISIONS if took[precision] < HOPELESS * min(took.values())]


def _with_threads(model: nn.Module, batch: Tensor, chosen: Compute, asked: dict[str, Any], training: bool) -> Compute:
    step, best = _step(model, batch, chosen, backward=training), math.inf
    for threads in [asked["threads"]] if "threads" in asked else sorted({1, max(1, cores() // 2), cores()}):
        torch.set_num_threads(threads)
        took = _seconds(step, time.perf_counter, best)
        if took < best / (GAIN if best < math.inf else 1):
            chosen, best = replace(chosen, threads=threads), took
    return replace(chosen, samples_per_second=len(batch) / best)


def _seconds(step: Callable[[], None], clock: Callable[[], float], best: float) -> float:
    """Return the shortest time of some steps after a first one, or of the first one if it is hopeless."""

    def once() -> float:
        started = clock()
        step()
        return clock() - started

    first = once()
    if first > 3 * HOPELESS * best:
        return first
    times = [once()]
    while len(times) < REPEATS and times[0] < HOPELESS * best:
        times.append(once())
    return min(times)


def _step(model: nn.Module, batch: Tensor, way: Compute, *, backward: bool) -> Callable[[], None]:
    device = torch.device("cpu")
    model = way.place(model, device)
    placed = way.place(batch.float(), device)

    def forward() -> Tensor:
        with way.autocast(device):
            answers: Tensor = model(placed)
        return answers.float()

    def step() -> None:
        if not backward:
            with torch.no_grad():
                forward()
            return
        forward().square().mean().backward()
        model.zero_grad(set_to_none=True)

    return step


def _key(model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any]) -> str:
    """Return the cache key of this network, for batches of this shape, on this processor as used by torch."""
    shapes = [(name, tuple(value.shape), value.requires_grad) for name, value in model.named_parameters()]
    machine = (platform.machine(), _processor(), os.sched_getaffinity(0), torch.__version__)
    allowed = (torch.backends.cpu.get_cpu_capability(), os.environ.get("ONEDNN_MAX_CPU_ISA", ""))
    settings = repr((shapes, repr(model), tuple(batch.shape), training, sorted(asked.items()), machine, allowed))
    return hashlib.blake2b(settings.encode(), digest_size=12).hexdigest()


def _processor() -> str:
    """Return the processor's model and features: a virtual machine may move to another one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _folder() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "wanderers"
    return Path(os.environ.get("WANDERERS_CACHE") or default).expanduser() / "autotune"


def _stored(key: str) -> Compute | None:
    try:
        settings = json.loads((_folder() / f"{key}.json").read_text())
        known = Compute(**settings)
    except (OSError, ValueError, TypeError, RuntimeError):  # missing, damaged, of another version, or no home folder
        return None
    sound = known.precision in PRECISIONS and known.memory_format in MEMORY_FORMATS and 0 <= known.threads <= 1024
    return replace(known, source="stored") if sound else None


def _store(key: str, found: Compute) -> None:
    """Write it atomically; if nothing can be written, the next run measures again."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=_folder(), delete=False) as file:
            json.dump(asdict(found), file)
        os.replace(file.name, _folder() / f"{key}.json")
    except (OSError, RuntimeError):
        return
