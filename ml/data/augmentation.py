"""Stamp augmentation: flips, rotations, shifts and brightness.

No colour and no blur: sharpness distinguishes an asteroid from a cosmic ray. Size and brightness change by a few per
cent at most, less than seeing and zero point vary from night to night; `strong` views change more.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 3  # pixels either way
SCALE, BRIGHTNESS, NOISE = 0.05, 0.1, 0.2  # fractions of size, brightness, and sky noise
STRONG_BRIGHTNESS, STRONG_NOISE = 0.3, 1.0
HIDDEN, NEAREST, FARTHEST = 0.25, 0.3, 0.45  # side of a hidden square, and distance of its centre from the middle

Augment = Callable[[Tensor, torch.Generator, float], Tensor]
"""From stamps (B, C, H, W), a generator and the sky noise in their units to stamps of the same shape."""


def random_dihedral(x: Tensor, random: torch.Generator) -> Tensor:
    """Return stamps (B, C, H, W), each randomly flipped and, if square, rotated by a right angle (8 symmetries)."""
    x = torch.where(_coin(x, random), x.flip(-1), x)
    x = torch.where(_coin(x, random), x.flip(-2), x)
    if x.shape[-1] == x.shape[-2]:
        x = torch.where(_coin(x, random), x.transpose(-1, -2), x)
    return x


def random_shift(x: Tensor, random: torch.Generator, most: int = SHIFT) -> Tensor:
    """Return stamps (B, C, H, W), each shifted by up to `most` whole pixels; the border is filled with sky, 0."""
    height, width = x.shape[-2:]
    padded = functional.pad(x, (most, most, most, most))
    offsets = torch.randint(0, 2 * most + 1, (len(x), 2), generator=random).tolist()
    windows = [padded[i, :, dy : dy + height, dx : dx + width] for i, (dy, dx) in enumerate(offsets)]
    return torch.stack(windows)


def rotated(x: Tensor, random: torch.Generator, most: int = SHIFT) -> Tensor:
    """Return stamps (B, C, H, W), each rotated by any angle, slightly scaled and shifted by up to `most` pixels.

    Bicubic, so that points stay about as sharp; the border is filled with sky, 0.
    """
    height, width = x.shape[-2:]
    angle = (torch.rand(len(x), generator=random) - 0.5) * (math.pi / 2)
    scale = 1 + SCALE * (2 * torch.rand(len(x), generator=random) - 1)
    shift = most * (2 * torch.rand(len(x), 2, generator=random) - 1) * 2 / torch.tensor([width, height])
    cos, sin = scale * angle.cos(), scale * angle.sin()
    stretch = width / height  # the grid runs from -1 to 1 on both axes, whatever their lengths
    rows = torch.stack([cos, -sin / stretch, shift[:, 0], sin * stretch, cos, shift[:, 1]], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(rows, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, mode="bicubic", padding_mode="zeros", align_corners=False)


def brightened(
    x: Tensor, random: torch.Generator, noise: float, *, brightness: float = BRIGHTNESS, more_noise: float = NOISE
) -> Tensor:
    """Return stamps (B, C, H, W), each brighter or fainter by up to a tenth, with up to a fifth more sky noise.

    `brightness` and `more_noise` are other fractions than these.
    """
    factor = 1 + brightness * (2 * torch.rand(len(x), 1, 1, 1, generator=random) - 1)
    sigma = more_noise * noise * torch.rand(len(x), 1, 1, 1, generator=random)
    return x * factor + sigma * torch.randn(x.shape, generator=random)


def partly_hidden(x: Tensor, random: torch.Generator) -> Tensor:
    """Return stamps (B, C, H, W), each with a square of a quarter of the side filled with sky, 0, but in the middle."""
    height, width = x.shape[-2:]
    angle = 2 * math.pi * torch.rand(len(x), 1, generator=random)
    distance = NEAREST + (FARTHEST - NEAREST) * torch.rand(len(x), 1, generator=random)
    hides_row = _is_near(distance * angle.sin(), height)[:, None, :, None]
    hides_column = _is_near(distance * angle.cos(), width)[:, None, None, :]
    return x.masked_fill(hides_row & hides_column, 0)


def _is_near(centre: Tensor, side: int) -> Tensor:
    """Return which of `side` pixels are hidden (B, side), with centres (B, 1) in fractions of the side."""
    place = (torch.arange(side) + 0.5) / side - 0.5
    return (place - centre).abs() < HIDDEN / 2


def strong(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    """Return stamps (B, C, H, W) changed as far as people would still give the same answer, for FixMatch.

    Each at any angle, brighter or fainter by up to three tenths, with up to as much noise again as the sky has, and
    partly hidden.
    """
    turned = rotated(random_dihedral(x, random), random)
    exposed = brightened(turned, random, noise, brightness=STRONG_BRIGHTNESS, more_noise=STRONG_NOISE)
    return partly_hidden(exposed, random)


def _untouched(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    return x


def _flipped(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    return random_shift(random_dihedral(x, random), random)


def _sky(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    """Rotate every other stamp only: interpolated sky is smoother, and the net should also see real sky."""
    x = random_dihedral(x, random)
    half = len(x) // 2
    x = torch.cat([rotated(x[:half], random), random_shift(x[half:], random)]) if half else random_shift(x, random)
    return brightened(x, random, noise)


AUGMENTS: dict[str, Augment] = {"none": _untouched, "flips": _flipped, "sky": _sky}
"""Choices of ``--augment``."""


def _coin(x: Tensor, random: torch.Generator) -> Tensor:
    return (torch.rand(len(x), 1, 1, 1, generator=random) < 0.5).to(x.device)
