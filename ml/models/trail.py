"""The trail network: class, direction and offset for every 4 × 4 pixels of an image."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml.models.residual import ResidualBlock

STRIDE = 4
DEEPEST = 32  # sides of images must be multiples of it
STEM = 12
WIDTHS = (24, 48, 64, 96)  # at strides 4, 8, 16 and 32


class TrailNet(nn.Module):
    """Images (B, 1, H, W) to maps (B, K + 3, H / 4, W / 4).

    An encoder down to stride 32, where a cell sees the star behind a spike or the lens behind an arc, and a decoder
    with skip connections (Ronneberger et al. 2015, U-Net). The first K maps are class scores, number 0 is the sky; then
    cos 2θ and sin 2θ of the direction θ, which a line and its reverse share; then the ridge's offset to the left of
    that direction from the cell's centre, in cells.
    """

    def __init__(self, classes: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.classes = classes
        self.stem = nn.Conv2d(1, STEM, 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(STEM)
        inward = (STEM, *widths[:-1])
        self.down = nn.ModuleList(ResidualBlock(a, b, 2) for a, b in zip(inward, widths, strict=True))
        self.deep = ResidualBlock(widths[-1], widths[-1], 1)
        self.across = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in itertools.pairwise(widths))
        self.up = nn.ModuleList(ResidualBlock(a, a, 1) for a in widths[:-1])
        self.out = nn.Conv2d(widths[0], classes + 3, 1, bias=False)
        self.bias = nn.Parameter(3.0 * torch.eye(classes + 3)[0])  # starts by predicting sky everywhere

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps of images whose sides are multiples of `DEEPEST`."""
        x = functional.relu(self.stem_norm(self.stem(x)))
        finer = []
        for block in self.down:
            x = block(x)
            finer.append(x)
        x = self.deep(x)
        for across, up, beside in zip(reversed(self.across), reversed(self.up), reversed(finer[:-1]), strict=True):
            x = up(beside + functional.interpolate(across(x), scale_factor=2.0, mode="nearest"))
        return self.out(x) + self.bias[:, None, None]


def trail_net(classes: int, seed: int) -> TrailNet:
    """Return a new network with random weights from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TrailNet(classes)


class Finished(nn.Module):
    """The network with a softmax over its class maps, for inference."""

    def __init__(self, net: TrailNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (B, K + 3, h, w): class probabilities that sum to 1, then direction and offset unchanged."""
        maps = self.net(x)
        classes = self.net.classes
        return torch.cat([maps[:, :classes].softmax(1), maps[:, classes:]], dim=1)
