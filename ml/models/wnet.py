"""The W-Net: two stacked 3D U-Nets with skip connections from the first to the second, and the stretches of its input.

After Powell et al., Trajectory-Agnostic Asteroid Detection in TESS with Deep Learning, sections III.1 and IV (the
number of filters is only in its figures; ours is the presets').
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

COMPONENTS = 10
FAINTEST, BRIGHTEST = -3.0, 12.0  # initial locations of the first and the last CDF, in units of the noise
SOFTENING = 3.0  # of asinh, in units of the noise


class AdaptiveNormalisation(nn.Module):
    """Values x of any shape to Σ_k w_k / (1 + exp(-(x - μ_k) / s_k)), of the same shape, between 0 and 1.

    A mixture of logistic cumulative distributions with learned locations μ, scales s = softplus(b) (equation 2) and
    weights w = softmax(a) (equation 1). It is monotone. NaN stays NaN.

    Parameters
    ----------
    components
        Number of distributions; ten in the paper.
    """

    def __init__(self, components: int = COMPONENTS) -> None:
        super().__init__()
        self.location = nn.Parameter(torch.linspace(FAINTEST, BRIGHTEST, components))
        self.scale = nn.Parameter(torch.full((components,), 1.0))
        self.weight = nn.Parameter(torch.zeros(components))

    def forward(self, x: Tensor) -> Tensor:
        """Return the stretched values."""
        scales, weights = functional.softplus(self.scale), self.weight.softmax(0)
        stretched = torch.zeros_like(x)
        # One distribution at a time: all at once would hold ten copies of the cube.
        for location, scale, weight in zip(self.location, scales, weights, strict=True):
            stretched = stretched + weight * torch.sigmoid((x - location) / scale)
        return stretched

    def variance_loss(self) -> Tensor:
        """Return 1 - sigmoid(Var(μ)), between 0 and ½, smaller for more spread-out locations (equation 3)."""
        return 1 - torch.sigmoid(self.location.var(correction=0))


class AsinhNormalisation(nn.Module):
    """Values x to asinh(x / 3) / 3: linear within the noise, logarithmic above it."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the stretched values."""
        return torch.asinh(x / SOFTENING) / SOFTENING


NORMALISATIONS = {"adaptive": AdaptiveNormalisation, "asinh": AsinhNormalisation, "raw": nn.Identity}


def normalisation(name: str) -> nn.Module:
    """Return a fresh one by name.

    Raises ValueError if there is no such normalisation.
    """
    if name not in NORMALISATIONS:
        raise ValueError(f"There is no normalisation {name!r}; it is {', '.join(NORMALISATIONS)}.")
    return NORMALISATIONS[name]()


SURE_OF_NOTHING = -3.0  # first logit: nearly every voxel is empty


class ConvolutionBlock(nn.Sequential):
    """`depth` convolutions of 3×3×3, each with batch normalisation and ELU: (B, inward, …) to (B, outward, …)."""

    def __init__(self, inward: int, outward: int, depth: int) -> None:
        layers: list[nn.Module] = []
        for channels in [inward] + [outward] * (depth - 1):
            layers += [nn.Conv3d(channels, outward, 3, padding=1, bias=False), nn.BatchNorm3d(outward), nn.ELU(True)]
        super().__init__(*layers)


class Down(nn.Module):
    """The encoder of a U-Net; `beside` is the number of channels joined from another decoder on each level."""

    def __init__(self, inward: int, widths: tuple[int, ...], depth: int, *, beside: bool) -> None:
        super().__init__()
        above = (inward, *widths[:-1])
        joined = widths if beside else (0,) * len(widths)
        self.blocks = nn.ModuleList(
            ConvolutionBlock(a + j, w, depth) for a, j, w in zip(above, joined, widths, strict=True)
        )

    def forward(self, x: Tensor, beside: list[Tensor] | None = None) -> list[Tensor]:
        """Return the maps of every level, largest first."""
        maps: list[Tensor] = []
        for level, block in enumerate(self.blocks):
            x = functional.max_pool3d(maps[-1], 2) if level else x
            x = block(x if beside is None else torch.cat([x, beside[level]], dim=1))
            maps.append(x)
        return maps


class Up(nn.Module):
    """The decoder of a U-Net, with skip connections from its own encoder."""

    def __init__(self, widths: tuple[int, ...], depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(ConvolutionBlock(above + below, above, depth) for above, below in pairwise(widths))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Return the decoded maps of every level, largest first; the smallest is the bottleneck."""
        rebuilt = [maps[-1]]
        for level in reversed(range(len(self.blocks))):
            risen = functional.interpolate(rebuilt[0], scale_factor=2.0, mode="nearest")
            rebuilt.insert(0, self.blocks[level](torch.cat([maps[level], risen], dim=1)))
        return rebuilt


class WNet(nn.Module):
    """Cubes (B, channels, T, Y, X) in units of the noise to logits (B, 1, T, Y, X) of a mover.

    Raises ValueError from `forward` if T, Y or X is not a multiple of `multiple`.

    Parameters
    ----------
    widths
        Channels on each level, largest maps first; every level halves T, Y and X.
    depth
        Convolutions per block.
    stretch
        "adaptive", "asinh" or "raw": the input normalisation.
    channels
        Number of input channels; see `ml.cubes.input_channels`.
    """

    def __init__(self, widths: tuple[int, ...], depth: int = 2, stretch: str = "adaptive", channels: int = 1) -> None:
        super().__init__()
        self.multiple = 2 ** (len(widths) - 1)
        self.stretch, self.channels = normalisation(stretch), channels
        self.first_down, self.first_up = Down(channels, widths, depth, beside=False), Up(widths, depth)
        self.second_down, self.second_up = Down(channels, widths, depth, beside=True), Up(widths, depth)
        self.out = nn.Conv3d(widths[0], 1, 1)
        nn.init.constant_(self.out.bias, SURE_OF_NOTHING)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        if any(side % self.multiple for side in x.shape[2:]):
            raise ValueError(
                f"The sides of a cube of {tuple(x.shape[2:])} voxels must be multiples of {self.multiple}."
            )
        x = self.stretch(x)
        rebuilt = self.first_up(self.first_down(x))
        logits: Tensor = self.out(self.second_up(self.second_down(x, rebuilt))[0])
        return logits

    def variance_loss(self) -> Tensor:
        """Return the variance loss of Adaptive Normalisation; 0 for a fixed stretch."""
        if isinstance(self.stretch, AdaptiveNormalisation):
            return self.stretch.variance_loss()
        return self.out.weight.new_zeros(())


def parameters_of(network: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
