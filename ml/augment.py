"""Changes to a stamp that leave its class alone: the sky has no up, and a source is never quite centred.

No blur, no change of size or brightness: shape, sharpness and magnitude are what tells an asteroid from a cosmic ray.
"""

import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 3  # pixels either way


def turned(x: Tensor, random: torch.Generator) -> Tensor:
    """Return stamps (B, C, H, W), each flipped and, if square, turned by a right angle at random: 8 ways alike."""
    x = torch.where(_coin(x, random), x.flip(-1), x)
    x = torch.where(_coin(x, random), x.flip(-2), x)
    if x.shape[-1] == x.shape[-2]:
        x = torch.where(_coin(x, random), x.transpose(-1, -2), x)
    return x


def shifted(x: Tensor, random: torch.Generator, most: int = SHIFT) -> Tensor:
    """Return stamps (B, C, H, W), each moved by up to `most` whole pixels; what comes in from outside is sky, 0."""
    height, width = x.shape[-2:]
    padded = functional.pad(x, (most, most, most, most))
    offsets = torch.randint(0, 2 * most + 1, (len(x), 2), generator=random).tolist()
    windows = [padded[i, :, dy : dy + height, dx : dx + width] for i, (dy, dx) in enumerate(offsets)]
    return torch.stack(windows)


def _coin(x: Tensor, random: torch.Generator) -> Tensor:
    return (torch.rand(len(x), 1, 1, 1, generator=random) < 0.5).to(x.device)
