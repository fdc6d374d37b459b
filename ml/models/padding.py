"""Constant padding for timm's tf_ networks, so that OpenVINO can fuse it into the convolution."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def constantly_padded(network: nn.Module, example: Tensor) -> nn.Module:
    """Return a network with constant padding for stamps of the example's size.

    timm's "same" convolutions compute their padding from each stamp, which a traced graph repeats slowly for every
    batch: with lite0 it took a thirteenth of the time.

    Parameters
    ----------
    network
        Not changed; returned itself if there is nothing to replace.
    example
        (B, C, H, W), a batch of the size to trace.
    """
    if not any(_measures(module) for module in network.modules()):
        return network
    network = copy.deepcopy(network)
    sizes: dict[nn.Module, tuple[int, ...]] = {}
    hooks = [
        module.register_forward_pre_hook(lambda module, given: sizes.update({module: tuple(given[0].shape[-2:])}))
        for module in network.modules()
        if _measures(module)
    ]
    with torch.inference_mode():
        network(example)
    for hook in hooks:
        hook.remove()
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if module in sizes:
                setattr(parent, name, _Padded(module, sizes[module]))
    return network


class _Padded(nn.Module):
    """A "same" convolution for stamps of one size."""

    def __init__(self, convolution: Any, size: tuple[int, ...]) -> None:
        super().__init__()
        from timm.layers.padding import pad_same_arg  # slow to import, as in ml.models.weights

        self.convolution = convolution
        self.pads = pad_same_arg(list(size), convolution.kernel_size, convolution.stride, convolution.dilation)

    def forward(self, x: Tensor) -> Tensor:
        own = self.convolution
        padded = functional.pad(x, self.pads)
        return functional.conv2d(padded, own.weight, own.bias, own.stride, 0, own.dilation, own.groups)


def _measures(module: nn.Module) -> bool:
    return type(module).__name__ == "Conv2dSame"
