"""Run a network over batches: OpenVINO on a CPU where it is installed, torch everywhere else."""

import importlib.util
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.conversion import converted, library
from ml.rounding import keep_the_sky

BATCH = 128  # what callers hand over at once
PART, MOST = 90_000, 32  # pixels and stamps that an OpenVINO stream takes of it: so few that its memory stays warm
QUEUED = 2  # parts given to each stream, so that it has the next when it is done with one
PRECISIONS = ("f32", "bf16")
Run = Callable[..., NDArray[np.float32]]


def cores() -> int:
    """Return how many cores may be at work: ``WANDERERS_THREADS``, or every one that this process may use."""
    return int(os.environ.get("WANDERERS_THREADS") or len(os.sched_getaffinity(0)))


def limit_torch() -> None:
    """Give torch half of the cores, or ``WANDERERS_THREADS``.

    Torch's threads wait for each other after every layer, so one that is kept from its core by another process holds
    up all: on two busy cores, training with two threads took twenty times as long as with one.
    """
    torch.set_num_threads(int(os.environ.get("WANDERERS_THREADS") or max(1, len(os.sched_getaffinity(0)) // 2)))


def choose_device(device: str) -> torch.device:
    """Return the torch device for "auto" (a GPU if there is one), "cpu", "cuda" and the like."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def choose_engine(engine: str, device: torch.device) -> str:
    """Return "openvino" or "torch": "auto" takes OpenVINO on a CPU if it is installed.

    Raises
    ------
    ValueError
        For a name that is none of auto, openvino and torch.
    """
    if engine not in {"auto", "openvino", "torch"}:
        raise ValueError(f"There is no engine called {engine!r}: it is auto, openvino or torch.")
    if engine == "auto":
        return "openvino" if device.type == "cpu" and importlib.util.find_spec("openvino") else "torch"
    return engine


def precision_here(asked: str, device: torch.device, engine: str) -> str:
    """Return "bf16" where it is asked for and computed in hardware, else "f32".

    That is a processor with bfloat16 through OpenVINO (AVX512-BF16 or AMX), or a GPU. Where it would be emulated, 32
    bits are as fast and closer.
    """
    if asked != "bf16":
        return "f32"
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "f32"
    if engine != "openvino":
        return "f32"
    return "bf16" if "BF16" in capabilities() else "f32"


@cache
def capabilities() -> list[str]:
    """Return what this processor computes in hardware, by OpenVINO's names: "FP32", "BF16", "INT8" and more."""
    return list(library().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def compile_run(
    network: nn.Module,
    shape: tuple[int, ...],
    *,
    device: torch.device,
    engine: str,
    precision: str = "f32",
    threads: int | None = None,
    streams: int = 1,
) -> Run:
    """Return a function from batches (n, *shape) float32 to (n, D) float32, or whatever shape the network returns.

    Of several batches, `run(a, b)`, it returns the answers in one array. In 32 bits both engines agree to about 1e-4 of
    the largest feature.

    Parameters
    ----------
    network
        A module (B, *shape) → (B, …).
    shape
        Of one stamp.
    device, engine
        As `choose_device` and `choose_engine` return them.
    precision
        "f32" or "bf16"; where `precision_here` says so, it is f32 all the same.
    threads
        Cores that OpenVINO may use for it; None for what this process may use.
    streams
        Into how many parts OpenVINO divides these cores, each with stamps of its own. One stream has the first answer
        soonest, which suits single large pictures; as many as cores do the most in a second.
    """
    precision = precision_here(precision, device, engine)
    if engine == "openvino":
        return _openvino_run(network, shape, precision, threads or cores(), streams)
    return _torch_run(network, device, precision)


def _torch_run(network: nn.Module, device: torch.device, precision: str) -> Run:
    network = network.to(device).to(memory_format=torch.channels_last).eval()

    def answers(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        mixed = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
        with torch.inference_mode(), mixed:
            stamps = torch.from_numpy(np.ascontiguousarray(batch)).to(device)
            return network(stamps).float().cpu().numpy()

    def run(*batches: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([answers(batch) for batch in batches])

    return run


def _openvino_run(network: nn.Module, shape: tuple[int, ...], precision: str, threads: int, streams: int) -> Run:
    model = converted(network, shape)
    if precision == "bf16":
        keep_the_sky(model, shape)
    settings = {"NUM_STREAMS": streams, "INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    return _Streams(library().Core().compile_model(model, "CPU", settings), part_of(shape), streams)


def part_of(shape: tuple[int, ...]) -> int:
    """Return how many stamps (C, H, W) a stream of OpenVINO takes at once."""
    return max(1, min(MOST, PART // (shape[-2] * shape[-1])))


class _Streams:
    """Runs batches through OpenVINO's streams, a part in each at a time; every thread that asks has its own requests.

    The answers are written where they are to be, without a word to Python: a stream that had to tell would wait for
    whatever else Python does.
    """

    def __init__(self, compiled: Any, part: int, streams: int) -> None:
        self.compiled, self.part, self.streams, self.own = compiled, part, streams, threading.local()
        self.shape = tuple(length.get_length() for length in list(compiled.output(0).get_partial_shape())[1:])

    def __call__(self, *batches: NDArray[np.float32]) -> NDArray[np.float32]:
        requests = self._requests()
        answers = np.empty((sum(map(len, batches)), *self.shape), dtype=np.float32)
        read: list[NDArray[np.float32] | None] = [None] * len(requests)  # kept for as long as a stream reads it
        try:
            done = 0
            for number, part in enumerate(part for batch in batches for part in self._parts(batch)):
                slot = number % len(requests)
                requests[slot].wait()
                read[slot] = stamps = np.ascontiguousarray(part, dtype=np.float32)
                _start(requests[slot], stamps, answers[done : done + len(part)])
                done += len(part)
            for request in requests:
                request.wait()
        finally:
            for request in requests:
                with suppress(RuntimeError):
                    request.wait()  # nothing may be written any more where the answers were
        return answers

    def _requests(self) -> list[Any]:
        if not hasattr(self.own, "requests"):
            self.own.requests = [self.compiled.create_infer_request() for _ in range(QUEUED * self.streams)]
        requests: list[Any] = self.own.requests
        return requests

    def _parts(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return a batch in parts about equal, as many for each stream."""
        rounds = -(-len(batch) // (self.part * self.streams))
        return [part for part in np.array_split(batch, max(1, rounds * self.streams)) if len(part)]


def _start(request: Any, stamps: NDArray[np.float32], room: NDArray[np.float32]) -> None:
    tensor = library().Tensor
    request.set_input_tensor(tensor(stamps, shared_memory=True))
    request.set_output_tensor(tensor(room, shared_memory=True))
    request.start_async()
