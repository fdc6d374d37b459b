"""Run a network over batches: OpenVINO on a CPU where it is installed, torch everywhere else."""

import importlib.util
import os
import sys
import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

BATCH = 128  # what callers hand over at once
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def cores() -> int:
    """Return how many threads OpenVINO may use: ``WANDERERS_THREADS``, or every core this process may use."""
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


def compile_run(
    network: nn.Module, shape: tuple[int, ...], *, device: torch.device, engine: str, threads: int | None = None
) -> Run:
    """Return a function from batches (n, *shape) float32 to (n, D) float32, or whatever shape the network returns.

    Both engines compute in 32 bits and agree to about 1e-4 of the largest feature. `threads` is how many cores
    OpenVINO may use for it; None is what this process may use.
    """
    if engine == "openvino":
        return _openvino_run(network, shape, threads or cores())
    return _torch_run(network, device)


def _torch_run(network: nn.Module, device: torch.device) -> Run:
    network = network.to(device).to(memory_format=torch.channels_last).eval()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            stamps = torch.from_numpy(np.ascontiguousarray(batch)).to(device)
            return network(stamps).float().cpu().numpy()

    return run


def _openvino_run(network: nn.Module, shape: tuple[int, ...], threads: int) -> Run:
    # OpenVINO's converter reports home by default; without this module it falls back to its own silent stub.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches on shapes, which are fixed here on purpose
        example = torch.zeros(1, *shape)
        traced = torch.jit.trace(network.cpu().eval(), example, check_trace=False)
        model = openvino.convert_model(traced, example_input=example)
    model.reshape([-1, *shape])
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(request.infer([batch])[0], dtype=np.float32)

    return run
