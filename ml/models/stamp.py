"""A stamp network: a backbone for features, and a linear head for class scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.models.input_adapters import Adapted, widened
from ml.models.residual import ResidualNet
from ml.models.sky_net import SKY, random_sky_net, sky_network
from ml.models.weights import imagenet_network, random_network

RESIDUAL = "residual"
IMAGENET = "imagenet"
PRETRAINED = (IMAGENET, SKY)
"""Initial weights that are worth freezing."""


def backbone(
    architecture: str, init: str, channels: int, seed: int, *, adapter: bool = False, scale: int = 1
) -> nn.Module:
    """Return a backbone (B, channels, H, W) → (B, D) by name.

    Raises ValueError if there is no such architecture, or it has no such weights. Raises MissingWeights if the ImageNet
    weights are not found.

    Parameters
    ----------
    architecture
        "residual", "sky", or any timm name.
    init
        "imagenet", "sky" for the architecture of that name, or "random"; the residual net has no pretrained weights.
    channels
        Number of input channels. If it is not three, the first convolution of ImageNet weights is widened.
    seed
        Seed of random weights.
    adapter
        Keep the network's three channels, and put a 3×3 convolution from the `channels` to three in front.
    scale
        Of a sky network with random weights; the pretrained weights decide it.
    """
    if architecture == RESIDUAL:
        return residual_backbone(channels, seed)
    if adapter:
        return Adapted(backbone(architecture, init, 3, seed, scale=scale), channels, seed).eval()
    if (init == SKY) != (architecture == SKY) and init in PRETRAINED:
        raise ValueError(f"There are no {init} weights of {architecture}; take --init {_own_init(architecture)}.")
    if architecture == SKY:
        return widened(sky_network() if init == SKY else random_sky_net(seed, scale), channels)
    if init != IMAGENET:
        return random_network(architecture, channels, seed)
    return widened(imagenet_network(architecture), channels)


def _own_init(architecture: str) -> str:
    return SKY if architecture == SKY else IMAGENET


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
