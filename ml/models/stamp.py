"""A stamp network: a backbone that makes features, and a linear head that makes class scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.models.residual import ResidualNet
from ml.models.weights import ARCHITECTURE, imagenet_backbone, random_backbone

RESIDUAL = "residual"


def backbone(architecture: str, init: str, channels: int, seed: int) -> nn.Module:
    """Return a backbone (B, channels, H, W) → (B, D) by name.

    Parameters
    ----------
    architecture
        "tf_efficientnet_lite0" (always three channels) or "residual" (any number).
    init
        "imagenet", or "random" for fresh weights; the residual net has no ImageNet weights.
    channels
        Number of input channels of the residual net.
    seed
        Seed of random weights.
    """
    if architecture == RESIDUAL:
        return residual_backbone(channels, seed)
    if architecture != ARCHITECTURE:
        raise ValueError(f"There is no architecture called {architecture!r}; it is {ARCHITECTURE!r} or {RESIDUAL!r}.")
    return imagenet_backbone() if init == "imagenet" else random_backbone(seed)


def residual_backbone(channels: int, seed: int) -> nn.Module:
    """Return a fresh residual net whose random weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResidualNet(channels).eval()


class Prepared(nn.Module):
    """A backbone behind its fitting: channels mapped to what it eats, stamps resized to what it likes."""

    def __init__(self, network: nn.Module, *, size: int | None, three: bool) -> None:
        super().__init__()
        self.network, self.size, self.three = network, size, three

    def forward(self, stretched: Tensor) -> Tensor:
        """Map stretched stamps (B, C, H, W) to features (B, D)."""
        x = three_channels(stretched) if self.three else stretched
        if self.size is not None and tuple(x.shape[-2:]) != (self.size, self.size):
            x = functional.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return self.network(x)


def three_channels(x: Tensor) -> Tensor:
    """Map 1, 2, 3 or 4 channels to three: repeat; (a, b, mean); as they are; the first two and the mean of the rest."""
    channels = x.shape[-3]
    if channels == 1:
        return torch.cat([x, x, x], dim=-3)
    if channels == 2:
        return torch.cat([x, x.mean(dim=-3, keepdim=True)], dim=-3)
    if channels == 3:
        return x
    first, second, third, fourth = x.split(1, dim=-3)
    return torch.cat([first, second, (third + fourth) / 2], dim=-3)
