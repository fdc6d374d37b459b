"""Stamp augmentation: flips, rotations, shifts and brightness.

No colour and no blur: sharpness distinguishes an asteroid from a cosmic ray. Size and brightness change by a few per
cent at most, less than seeing and zero point vary from night to night.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 3  # pixels either way
SCALE, BRIGHTNESS, NOISE = 0.05, 0.1, 0.2  # fractions of size, brightness, and sky noise

Augment = Callable[[Tensor, torch.Generator, float], Tensor]
"""From stamps (B, C, H, W), a generator and the sky noise in their units to stamps of the same shape."""


def turned(x: Tensor, random: torch.Generator) -> Tensor:
    """Return stamps (B, C, H, W), each randomly flipped and, if square, rotated by a right angle (8 symmetries)."""
    x = torch.where(_coin(x, random), x.flip(-1), x)
    x = torch.where(_coin(x, random), x.flip(-2), x)
    if x.shape[-1] == x.shape[-2]:
        x = torch.where(_coin(x, random), x.transpose(-1, -2), x)
    return x


def shifted(x: Tensor, random: torch.Generator, most: int = SHIFT) -> Tensor:
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


def brightened(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    """Return stamps (B, C, H, W), each brighter or fainter by up to a tenth, with up to a fifth more sky noise."""
    factor = 1 + BRIGHTNESS * (2 * torch.rand(len(x), 1, 1, 1, generator=random) - 1)
    sigma = NOISE * noise * torch.rand(len(x), 1, 1, 1, generator=random)
    return x * factor + sigma * torch.randn(x.shape, generator=random)


def _untouched(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    return x


def _flipped(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    return shifted(turned(x, random), random)


def _sky(x: Tensor, random: torch.Generator, noise: float) -> Tensor:
    """Rotate every other stamp only: interpolated sky is smoother, and the net should also see real sky."""
    x = turned(x, random)
    half = len(x) // 2
    x = torch.cat([rotated(x[:half], random), shifted(x[half:], random)]) if half else shifted(x, random)
    return brightened(x, random, noise)


AUGMENTS: dict[str, Augment] = {"none": _untouched, "flips": _flipped, "sky": _sky}
"""Choices of ``--augment``."""


def _coin(x: Tensor, random: torch.Generator) -> Tensor:
    return (torch.rand(len(x), 1, 1, 1, generator=random) < 0.5).to(x.device)
