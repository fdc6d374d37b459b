"""From a torch network to OpenVINO's model of it."""

import sys
import warnings
from types import ModuleType
from typing import Any

import torch
from torch import nn

from ml.models.padding import constantly_padded


def library() -> ModuleType:
    """Return OpenVINO, silent: its converter reports home by default, and without this module it uses its own stub."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def converted(network: nn.Module, shape: tuple[int, ...]) -> Any:
    """Return OpenVINO's model of a network, from any number of stamps of a shape (C, H, W)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches on shapes, which are fixed here on purpose
        example = torch.zeros(1, *shape)
        traced = torch.jit.trace(constantly_padded(network.cpu().eval(), example), example, check_trace=False)
        model = library().convert_model(traced, example_input=example)
    model.reshape([-1, *shape])
    return model
