"""Input adapters: RGB networks for other numbers of channels."""

from typing import Any

import torch
from torch import Tensor, nn


class Adapted(nn.Module):
    """A network of three channels with a trainable 3×3 convolution from more channels to three in front.

    Lieu et al. 2019, section 4.6: "we must append additional layers before the pre-trained network". It is initialised
    as the fixed channel mapping: each of the three is the mean of a third of the channels.
    """

    def __init__(self, network: nn.Module, channels: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.adapter = nn.Conv2d(channels, 3, 3, padding=1)
        self.network = network
        self.num_features: int = network.num_features  # type: ignore[assignment]
        self.head_hidden_size = getattr(network, "head_hidden_size", None)
        self.pretrained_cfg: Any = network.pretrained_cfg
        with torch.no_grad():
            self.adapter.weight.mul_(0.1)
            self.adapter.weight[:, :, 1, 1] += _shares(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map stamps (B, C, H, W) to features (B, D)."""
        return self.network(self.adapter(x))


def _shares(channels: int) -> Tensor:
    """Return (3, C), rows that sum to 1; with four channels the last two share the third row."""
    shares = torch.zeros(3, channels)
    for channel in range(max(3, channels)):
        shares[min(channel, 2), channel % channels] += 1
    return shares / shares.sum(1, keepdim=True)


def widened(network: nn.Module, channels: int) -> nn.Module:
    """Widen a network's first convolution to more input channels, each with the mean of its weights.

    They are scaled so that equal channels give the same output as before: w ← mean(w) · 3 / C.
    """
    if channels == 3:
        return network
    first: Any = network.get_submodule(_first_convolution(network))
    mean = first.weight.detach().mean(1, keepdim=True)
    before = first.weight.shape[1]
    first.weight = nn.Parameter(mean.repeat(1, channels, 1, 1) * (before / channels))
    first.in_channels = channels
    return network


def begins_once(network: nn.Module) -> bool:
    """Return whether a single convolution reads the network's input."""
    return isinstance(getattr(network, "pretrained_cfg", {}).get("first_conv"), str)


def folded(network: nn.Module, mapped: Tensor) -> None:
    """Fold the channel mapping into a network's first convolution.

    Parameters
    ----------
    network
        Is changed.
    mapped
        (C, D): the channel mapping, from each of the C channels of a stamp to each of the D of the network.
    """
    first: Any = network.get_submodule(_first_convolution(network))
    first.weight = nn.Parameter(torch.einsum("odhw,cd->ochw", first.weight.detach(), mapped))
    first.in_channels = len(mapped)


def _first_convolution(network: nn.Module) -> str:
    config: Any = network.pretrained_cfg
    named = config.get("first_conv")
    if not named:
        raise ValueError(
            f"{config.get('architecture')} does not say which layer is its first convolution."
            " Take another architecture, or --channels-as adapter."
        )
    return str(named if isinstance(named, str) else named[0])
