"""Autotune a network on this processor: precision, memory format and threads, by timing a few steps.

No name of a processor says which is fastest: bfloat16 halves the time of a convolution where the hardware knows it, and
takes ten times as long where it is emulated; channels last helps one network and harms the next. A choice is stored for
network, processor and versions in the folder ``WANDERERS_CACHE`` (``~/.cache/wanderers`` where it is not set), so that
the next run need not measure. Whoever knows better says so: ``WANDERERS_PRECISION``, ``WANDERERS_MEMORY_FORMAT``,
``WANDERERS_THREADS``, and ``WANDERERS_TRAINING_THREADS`` for training alone.
"""

import copy
import hashlib
import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MEMORY_FORMATS = ("contiguous", "channels_last")
LOG = logging.getLogger(__name__)
REPEATS = 3
SAMPLES = 16  # of a batch, that precision and memory format are timed with
GAIN = 1.1  # times as fast, from which on a choice other than the usual is worth it
HOPELESS = 2.0  # times as slow as the best so far: not repeated
BUSY = 0.5  # of the cores at work for others: threads are then chosen for now, and not stored


@dataclass(frozen=True)
class Compute:
    """How a network is computed on this machine.

    Attributes
    ----------
    precision
        "float32" or "bfloat16", of the products in convolutions and layers; weights are float32 in both.
    memory_format
        "contiguous" or "channels_last".
    threads
        Of torch; what it had before on a GPU.
    samples_per_second
        Measured in training steps (or forward passes); 0 where nothing was measured.
    source
        "measured", "stored" (measured by an earlier run), "environment", or "device" for a GPU.
    """

    precision: str
    memory_format: str
    threads: int
    samples_per_second: float
    source: str

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the context in which the network's forward pass runs."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def place(self, thing: Any, device: torch.device) -> Any:
        """Return a module or a batch (B, C, H, W) or (B, C, T, H, W) on the device in this memory format."""
        return thing.to(device).to(memory_format=_memory_format(thing, self.memory_format))

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Give torch these threads, and afterwards what it had."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def as_manifest(self) -> dict[str, Any]:
        """Return what a checkpoint's manifest keeps under "compute"."""
        return {**asdict(self), "samples_per_second": round(self.samples_per_second, 1)}


def cores() -> int:
    """Return how many cores may be at work: ``WANDERERS_THREADS``, or every one that this process may use."""
    return int(os.environ.get("WANDERERS_THREADS") or len(os.sched_getaffinity(0)))


def limit_torch() -> None:
    """Give torch half of the cores, or ``WANDERERS_THREADS``, for all that is not autotuned.

    Torch's threads wait for each other after every layer, so one that is kept from its core by another process holds
    up all: on two busy cores, two threads took twenty times as long as one.
    """
    torch.set_num_threads(int(os.environ.get("WANDERERS_THREADS") or max(1, len(os.sched_getaffinity(0)) // 2)))


def autotune(model: nn.Module, batch: Tensor, *, training: bool = True) -> Compute:
    """Return how to compute a network fastest here.

    Parameters
    ----------
    model
        It is not changed.
    batch
        (B, C, H, W) or (B, C, T, H, W), such as the network is to see, on the model's device.
    training
        Time a forward and a backward pass; else a forward pass alone, which is always float32.
    """
    asked = _asked(training)
    if batch.device.type != "cpu":
        bfloat16 = training and torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        usual = Compute("bfloat16" if bfloat16 else "float32", "channels_last", torch.get_num_threads(), 0.0, "device")
        return replace(usual, **asked)
    if len(asked) == 3:
        return Compute(**asked, samples_per_second=0.0, source="environment")
    key = _key(model, batch, training, asked)
    found = _stored(key) or _fresh(key, model, batch, training, asked)
    LOG.info("%s: %s", type(model).__name__, found)
    return found


def _fresh(key: str, model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any]) -> Compute:
    with torch.random.fork_rng(devices=[]):  # dropout draws: the training that follows must not notice
        found = _measured(copy.deepcopy(model), batch, training, asked)
    if "threads" in asked or os.getloadavg()[0] < BUSY * cores():
        _store(key, found)
    return found


def _asked(training: bool) -> dict[str, Any]:
    """Return what the environment says.

    Raises
    ------
    ValueError
        For a value that is none.
    """
    said = {
        "precision": os.environ.get("WANDERERS_PRECISION") if training else "float32",
        "memory_format": os.environ.get("WANDERERS_MEMORY_FORMAT"),
        "threads": (training and os.environ.get("WANDERERS_TRAINING_THREADS")) or os.environ.get("WANDERERS_THREADS"),
    }
    for name, allowed in (("precision", tuple(PRECISIONS)), ("memory_format", MEMORY_FORMATS)):
        if said[name] and said[name] not in allowed:
            raise ValueError(f"WANDERERS_{name.upper()} is {' or '.join(allowed)}, not {said[name]!r}.")
    threads = said["threads"]
    if threads and not (threads.isdecimal() and int(threads)):
        raise ValueError(f"WANDERERS_THREADS is a number of threads, 1 or more, not {threads!r}.")
    return {name: int(value) if name == "threads" else value for name, value in said.items() if value}


def _measured(model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any]) -> Compute:
    """Time every way by the processor's time on one thread, which other work hardly changes; threads by the clock."""
    before = torch.get_num_threads()
    model.train(training)
    some = batch[:SAMPLES]
    chosen, best = Compute("", "", 1, 0.0, "measured"), float("inf")
    try:
        torch.set_num_threads(1)
        for precision in [asked["precision"]] if "precision" in asked else PRECISIONS:
            for memory_format in [asked["memory_format"]] if "memory_format" in asked else MEMORY_FORMATS:
                way = replace(chosen, precision=precision, memory_format=memory_format)
                took = _seconds(_step(model, some, way, training), time.thread_time, best)
                if took < best / (GAIN if chosen.precision else 1):
                    chosen, best = way, took
        return _with_threads(model, batch, chosen, training, asked)
    finally:
        torch.set_num_threads(before)


def _with_threads(model: nn.Module, batch: Tensor, chosen: Compute, training: bool, asked: dict[str, Any]) -> Compute:
    step, best = _step(model, batch, chosen, training), float("inf")
    for threads in [asked["threads"]] if "threads" in asked else sorted({1, max(1, cores() // 2), cores()}):
        torch.set_num_threads(threads)
        took = _seconds(step, time.perf_counter, best)
        if took < best / (GAIN if best < float("inf") else 1):
            chosen, best = replace(chosen, threads=threads), took
    return replace(chosen, samples_per_second=len(batch) / best)


def _seconds(step: Callable[[], None], clock: Callable[[], float], best: float) -> float:
    """Return the shortest time of some steps after a first one, which is enough where it is hopeless."""
    times = []
    for _ in range(1 + REPEATS):
        started = clock()
        step()
        times.append(clock() - started)
        if times[0] > HOPELESS * best and len(times) == 2:
            break
    return min(times[1:])


def _step(model: nn.Module, batch: Tensor, way: Compute, training: bool) -> Callable[[], None]:
    device = torch.device("cpu")
    model = way.place(model, device)
    placed = way.place(batch.float(), device)

    def forward() -> Tensor:
        with way.autocast(device):
            answers: Tensor = model(placed)
        return answers.float()

    def step() -> None:
        if not training:
            with torch.inference_mode():
                forward()
            return
        forward().square().mean().backward()
        model.zero_grad(set_to_none=True)

    return step


def _memory_format(thing: Any, name: str) -> torch.memory_format:
    if name == "contiguous":
        return torch.contiguous_format
    if isinstance(thing, Tensor):
        return torch.channels_last_3d if thing.ndim == 5 else torch.channels_last
    volumes = any(isinstance(module, nn.Conv3d) for module in thing.modules())
    return torch.channels_last_3d if volumes else torch.channels_last


def _key(model: nn.Module, batch: Tensor, training: bool, asked: dict[str, Any]) -> str:
    """Name this network, for batches of this shape, on this processor as torch may use it."""
    shapes = [(name, tuple(value.shape), value.requires_grad) for name, value in model.named_parameters()]
    machine = (platform.machine(), _processor(), os.sched_getaffinity(0), torch.__version__)
    allowed = (torch.backends.cpu.get_cpu_capability(), os.environ.get("ONEDNN_MAX_CPU_ISA", ""))
    said = repr((shapes, repr(model), tuple(batch.shape), training, sorted(asked.items()), machine, allowed))
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def _processor() -> str:
    """Return the processor's model and what it knows: a virtual machine may move to another one."""
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
        said = json.loads((_folder() / f"{key}.json").read_text())
        known = Compute(**said)
    except (OSError, ValueError, TypeError, RuntimeError):  # none, damaged, of another version, or nobody's home
        return None
    sound = known.precision in PRECISIONS and known.memory_format in MEMORY_FORMATS and 0 < known.threads <= 1024
    return replace(known, source="stored") if sound else None


def _store(key: str, found: Compute) -> None:
    """Write it in one move; where nothing can be written, the next run measures again."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=_folder(), delete=False) as file:
            json.dump(asdict(found), file)
        os.replace(file.name, _folder() / f"{key}.json")
    except (OSError, RuntimeError):
        return
