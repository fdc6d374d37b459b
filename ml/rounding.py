"""Take back what rounding a network's weights to bfloat16 does to its view of the empty sky.

Most of a stamp is sky, and the sky is one level. Where a convolution tells small differences of large values, a weight
that is rounded by a part in 300 shifts that level by more than a faint source would. The shift is known before any
stamp is seen: it is the weights' rounding times the level. Taken from the bias, it is gone (Nagel et al. 2019, ICCV,
Data-Free Quantization Through Weight Equalization and Bias Correction, arXiv:1906.04721, section 4.2, with an empty
stamp for what a layer expects).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.conversion import library

CONVOLUTIONS = {"Convolution": 2, "GroupConvolution": 3}
"""OpenVINO's names, and which axis of the weights is the first along the picture."""


def keep_the_sky(model: Any, shape: tuple[int, ...]) -> None:
    """Correct the biases of an OpenVINO model that is to be computed in bfloat16, for stamps (C, H, W).

    In 32 bits the corrected model is off by as much as it is closer in bfloat16. Convolutions whose weights are not
    constants stay as they are, and so does everything that is no convolution.
    """
    opset = library().opset13
    layers = _convolutions(model)
    for layer, level in zip(layers, _levels(model, layers, shape), strict=True):
        shift = _shift(_weights(layer), level).reshape(1, -1, *[1] * (_axes(layer) - 2))
        readers = layer.output(0).get_target_inputs()
        mended = opset.add(layer.output(0), opset.constant(shift)).output(0)
        for reader in readers:
            reader.replace_source_output(mended)


def _convolutions(model: Any) -> list[Any]:
    every = [node for node in model.get_ordered_ops() if node.get_type_name() in CONVOLUTIONS]
    return [node for node in every if node.input_value(1).get_node().get_type_name() == "Constant"]


def _weights(layer: Any) -> NDArray[np.float32]:
    """Return a layer's weights (G, O, I, …): O channels out of I in each of G groups, G = 1 for a whole convolution."""
    weights = np.array(layer.input_value(1).get_node().get_data(), dtype=np.float32)
    return weights if CONVOLUTIONS[layer.get_type_name()] == 3 else weights[None]


def _axes(layer: Any) -> int:
    """Return how many axes a layer reads: 4, but 3 where one is along the channels."""
    return int(layer.input_value(0).get_partial_shape().rank.get_length())


def _levels(model: Any, layers: list[Any], shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """Return for each layer the mean (C,) of every channel that it reads, of a stamp of nothing but sky."""
    openvino = library()
    opset = openvino.opset13
    means = [opset.reduce_mean(layer.input_value(0), np.arange(2, _axes(layer)), keep_dims=False) for layer in layers]
    asked = openvino.Model([opset.result(mean) for mean in means], model.get_parameters(), "levels")
    found = openvino.Core().compile_model(asked, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    said = found([np.zeros((1, *shape), dtype=np.float32)])
    return [said[number][0] for number in range(len(layers))]


def _shift(weights: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what rounding weights (G, O, I, …) takes from the channels (G·O,), where those read are at `level`."""
    lost = weights - torch.from_numpy(weights).bfloat16().float().numpy()
    groups, _, inputs = weights.shape[:3]
    taps = lost.sum(axis=tuple(range(3, lost.ndim)))
    return np.einsum("goi,gi->go", taps, level.reshape(groups, inputs)).reshape(-1).astype(np.float32)
