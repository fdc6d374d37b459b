"""A small residual network for stamps at native size."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut (He et al. 2016, CVPR): (B, C, H, W) to (B, outward, H / stride, …).

    From input channels that are no multiple of 16, the shortcut leaves pixels out before its convolution instead of
    within it: the result is the same, but torch 2.15 corrupts memory in a strided one in channels last.
    """

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inward, outward, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outward)
        self.second = nn.Conv2d(outward, outward, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outward)
        self.skip = stride if inward % 16 else 1
        is_needed = stride > 1 or inward != outward
        self.shortcut = nn.Conv2d(inward, outward, 1, stride // self.skip, bias=False) if is_needed else None

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(shortcut(x) + f(x))."""
        shortcut = x if self.skip == 1 else functional.max_pool2d(x, 1, self.skip)
        if self.shortcut is not None:
            shortcut = self.shortcut(shortcut)
        x = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(x)) + shortcut)


class ResidualNet(nn.Module):
    """Stamps (B, C, H, W) of any size above 32 pixels to features (B, 256).

    The features are mean and maximum of the last maps: a faint source covers few of their cells, and its signal would
    be lost in the mean.
    """

    def __init__(self, channels: int = 1, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, widths[0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        pairs = pairwise(widths)
        self.blocks = nn.Sequential(ResidualBlock(widths[0], widths[0], 1), *(ResidualBlock(a, b, 2) for a, b in pairs))
        self.num_features = 2 * widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, 2 × the last width)."""
        x = functional.relu(self.stem_norm(self.stem(x)))
        x = self.blocks(x)
        return torch.cat([x.mean((-2, -1)), x.amax((-2, -1))], dim=1)
