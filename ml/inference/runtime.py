"""Inference runtime: OpenVINO on a CPU if installed, else torch."""

import importlib.util
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml.models.autotune import autotune
from ml.models.compute import Compute, cores
from ml.models.padding import constantly_padded

BATCH = 128  # batch size of callers
PART, MOST = 90_000, 32  # pixels and stamps per part of an OpenVINO stream, few enough for its cache
QUEUED = 2  # parts queued for each stream, so that it never waits
Run = Callable[..., NDArray[np.float32]]


def choose_device(device: str) -> torch.device:
    """Return the torch device for "auto" (a GPU if there is one), "cpu", "cuda" and the like."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def choose_engine(engine: str, device: torch.device) -> str:
    """Return "openvino" or "torch": "auto" takes OpenVINO on a CPU if it is installed.

    Raises ValueError for an unknown name.
    """
    if engine not in {"auto", "openvino", "torch"}:
        raise ValueError(f"There is no engine {engine!r}: it is auto, openvino or torch.")
    if engine == "auto":
        return "openvino" if device.type == "cpu" and importlib.util.find_spec("openvino") else "torch"
    return engine


def compile_run(
    network: nn.Module,
    shape: tuple[int, ...],
    *,
    device: torch.device,
    engine: str,
    threads: int | None = None,
    streams: int = 1,
) -> Run:
    """Return a function from batches (n, *shape) float32 to the network's output, for instance (n, D) float32.

    Given several batches, `run(a, b)`, it returns the outputs in one array. Both engines compute in float32, and agree
    to about 1e-4 of the largest feature.

    Parameters
    ----------
    network
        A module (B, *shape) → (B, …).
    shape
        Of one stamp.
    device, engine
        As `choose_device` and `choose_engine` return them.
    threads
        Cores for OpenVINO; None for all that this process may use.
    streams
        Number of parallel streams that share these cores. One stream has the lowest latency, which suits single large
        pictures; as many as cores have the highest throughput.
    """
    if engine == "openvino":
        return _openvino_run(network, shape, threads or cores(), streams)
    return _torch_run(network, device)


def _torch_run(network: nn.Module, device: torch.device) -> Run:
    network = network.to(device).eval()
    chosen: list[Compute] = []

    def answers(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        stamps = torch.from_numpy(np.ascontiguousarray(batch))
        if not chosen and len(stamps):
            chosen.append(autotune(network, stamps, training=False))
            chosen[0].place(network, device)
        with torch.inference_mode():
            ready = chosen[0].place(stamps, device) if chosen else stamps.to(device)
            return network(ready).float().cpu().numpy()

    def run(*batches: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([answers(batch) for batch in batches])

    return run


def _openvino_run(network: nn.Module, shape: tuple[int, ...], threads: int, streams: int) -> Run:
    """Compile for float32: if the hardware's bfloat16 is disabled, OpenVINO would choose it and then fail."""
    settings = {
        "NUM_STREAMS": streams,
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # else each process of a machine pins its threads to the same first cores
    }
    return _Streams(library().Core().compile_model(converted(network, shape), "CPU", settings), part_of(shape), streams)


def part_of(shape: tuple[int, ...]) -> int:
    """Return how many stamps (C, H, W) an OpenVINO stream takes at once."""
    return max(1, min(MOST, PART // (shape[-2] * shape[-1])))


class _Streams:
    """Runs parts of batches in parallel through OpenVINO's streams; every calling thread has its own requests.

    Outputs are written into place without Python callbacks: a stream with a callback would wait for other Python code.
    """

    def __init__(self, compiled: Any, part: int, streams: int) -> None:
        self.compiled, self.part, self.streams, self.own = compiled, part, streams, threading.local()
        self.shape = tuple(length.get_length() for length in list(compiled.output(0).get_partial_shape())[1:])

    def __call__(self, *batches: NDArray[np.float32]) -> NDArray[np.float32]:
        requests = self._requests()
        answers = np.empty((sum(map(len, batches)), *self.shape), dtype=np.float32)
        read: list[NDArray[np.float32] | None] = [None] * len(requests)  # keep a reference while a stream reads it
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
                    request.wait()  # the output buffer must not be written to any more
        return answers

    def _requests(self) -> list[Any]:
        if not hasattr(self.own, "requests"):
            self.own.requests = [self.compiled.create_infer_request() for _ in range(QUEUED * self.streams)]
        requests: list[Any] = self.own.requests
        return requests

    def _parts(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Split a batch into about equal parts, the same number for each stream."""
        rounds = -(-len(batch) // (self.part * self.streams))
        return [part for part in np.array_split(batch, max(1, rounds * self.streams)) if len(part)]


def _start(request: Any, stamps: NDArray[np.float32], room: NDArray[np.float32]) -> None:
    tensor = library().Tensor
    request.set_input_tensor(tensor(stamps, shared_memory=True))
    request.set_output_tensor(tensor(room, shared_memory=True))
    request.start_async()


def library() -> ModuleType:
    """Return OpenVINO with telemetry off: its converter reports home by default, but has a stub without the module."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def converted(network: nn.Module, shape: tuple[int, ...]) -> Any:
    """Return OpenVINO's model of a network, for any number of stamps of a shape (C, H, W)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches on shapes, which are fixed here on purpose
        example = torch.zeros(1, *shape)
        traced = torch.jit.trace(constantly_padded(network.cpu().eval(), example), example, check_trace=False)
        model = library().convert_model(traced, example_input=example)
    model.reshape([-1, *shape])
    return model
