"""A stamp network: a backbone for features, and a linear head for class scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.models.input_adapters import Adapted, widened
from ml.models.residual import ResidualNet
from ml.models.weights import imagenet_network, random_network

RESIDUAL = "residual"


def backbone(architecture: str, init: str, channels: int, seed: int, *, adapter: bool = False) -> nn.Module:
    """Return a backbone (B, channels, H, W) → (B, D) by name.

    Parameters
    ----------
    architecture
        "residual", or any timm name.
    init
        "imagenet", or "random"; the residual net has no ImageNet weights.
    channels
        Number of input channels. If it is not three, the first convolution of ImageNet weights is widened.
    seed
        Seed of random weights.
    adapter
        Keep the network's three channels, and put a 3×3 convolution from the `channels` to three in front.

    Raises
    ------
    ValueError
        If there is no such architecture.
    MissingWeights
        If the ImageNet weights are not found.
    """
    if architecture == RESIDUAL:
        return residual_backbone(channels, seed)
    if adapter:
        return Adapted(backbone(architecture, init, 3, seed), channels, seed).eval()
    if init != "imagenet":
        return random_network(architecture, channels, seed)
    return widened(imagenet_network(architecture), channels)


def dimensions(network: nn.Module) -> int:
    """Return the number of features: for some architectures it differs from timm's `num_features`."""
    return int(getattr(network, "head_hidden_size", None) or network.num_features)  # type: ignore[arg-type]


def residual_backbone(channels: int, seed: int) -> nn.Module:
    """Return a new residual net with random weights from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResidualNet(channels).eval()


class Prepared(nn.Module):
    """A backbone with its preprocessing in front: channel mapping and resize."""

    def __init__(self, network: nn.Module, *, size: int | None, three: bool) -> None:
        super().__init__()
        self.network, self.size, self.three = network, size, three

    def forward(self, stretched: Tensor) -> Tensor:
        """Map stretched stamps (B, C, H, W) to features (B, D)."""
        x = stretched if self.size is None else resized(stretched, self.size)
        return self.network(three_channels(x) if self.three else x)


def resized(x: Tensor, size: int) -> Tensor:
    """Resize stamps (B, C, H, W) to (B, C, size, size), bilinearly.

    Two products with the matrices of `interpolate` along each axis: with few channels, engines are four times as slow
    at interpolating.
    """
    height, width = x.shape[-2:]
    x = x if height == size else _bilinear(int(height), size, x) @ x
    return x if width == size else x @ _bilinear(int(width), size, x).T


def _bilinear(side: int, size: int, like: Tensor) -> Tensor:
    """Return the matrix (size, side) of a bilinear resize along one axis."""
    lines = torch.eye(side, dtype=like.dtype, device=like.device)[None, None]
    return functional.interpolate(lines, size=(size, side), mode="bilinear", align_corners=False)[0, 0]


def three_channels(x: Tensor) -> Tensor:
    """Map 1, 2, 3 or 4 channels to three: repeated; (a, b, mean); unchanged; the first two and the mean of the rest."""
    channels = x.shape[-3]
    if channels == 1:
        return torch.cat([x, x, x], dim=-3)
    if channels == 2:
        return torch.cat([x, x.mean(dim=-3, keepdim=True)], dim=-3)
    if channels == 3:
        return x
    first, second, third, fourth = x.split(1, dim=-3)
    return torch.cat([first, second, (third + fourth) / 2], dim=-3)
