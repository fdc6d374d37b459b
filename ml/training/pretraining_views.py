"""Domain randomisation: random views of simulated stamps, with the labels that belong to them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ml.data.preprocessing import Preprocessing
from ml.models.stamp import three_channels
from ml.simulate.labelled_stamps import KINDS, LabelledStamps

SIDES = (24, 32, 40, 48, 56, 63, 64, 64)  # pixels
FARTHEST = 4  # pixels, of the source from the middle
ZOOM = (0.85, 1.7)
ALIKE = ("POINT", "STAR", "TRANSIENT")  # in a difference image alone


@dataclass(frozen=True)
class Labels:
    """What the network has to predict for B stamps; NaN is unknown.

    kinds : (B, K) 0 or 1, the possible kinds.
    real : (B,) 0 or 1.
    line : (B, 3) length in pixels, and cos 2θ and sin 2θ of its direction.
    place : (B, 2) offset of the source from the middle, x and y in pixels.
    """

    kinds: Tensor
    real: Tensor
    line: Tensor
    place: Tensor


@dataclass(frozen=True)
class Portion:
    """A part of each batch: how many stamps of a simulator, and which of their planes."""

    sky: str
    planes: tuple[int, ...]
    number: int


PORTIONS = (
    Portion("alerts", (0, 1, 2), 36), Portion("alerts", (2,), 14), Portion("alerts", (0, 1), 6),
    Portion("alerts", (0, 2), 6), Portion("alerts", (0, 1, 2, 2), 4), Portion("atlas", (0,), 22),
    Portion("euclid", (0, 1, 2), 10), Portion("euclid", (1,), 4), Portion("ground", (0,), 12),
    Portion("hubble", (0,), 10),
)  # fmt: skip


def batch(
    pool: dict[str, LabelledStamps], preprocessing: Preprocessing, seed: Sequence[int], portions: Sequence[Portion]
) -> tuple[Tensor, Labels]:
    """Return a batch (B, 3, S, S), stretched, and its labels; the seed decides all of it."""
    rng = np.random.default_rng(seed)
    random = torch.Generator().manual_seed(int(rng.integers(2**62)))
    side = int(rng.choice(SIDES))
    views = [_view(pool[portion.sky], portion, side, rng, random) for portion in portions if portion.sky in pool]
    inputs = [three_channels(torch.from_numpy(preprocessing.stretched(pixels.numpy()))) for pixels, _ in views]
    labels = [torch.cat([getattr(label, name) for _, label in views]) for name in ("kinds", "real", "line", "place")]
    return torch.cat(inputs), Labels(*labels)


def _view(
    stamps: LabelledStamps, portion: Portion, side: int, rng: np.random.Generator, random: torch.Generator
) -> tuple[Tensor, Labels]:
    rows = rng.integers(0, len(stamps.real), portion.number)
    pixels, labels = _flipped(_chosen(stamps, rows, portion.planes), _labels(stamps, rows), random)
    half = len(rows) // 2
    turned, its_labels = _turned(pixels[:half], _part(labels, slice(0, half)), side, random)
    cut, cut_labels = _cut(pixels[half:], _part(labels, slice(half, None)), side, random)
    both = Labels(*(torch.cat(pair) for pair in zip(_values(its_labels), _values(cut_labels), strict=True)))
    if portion.sky == "alerts" and portion.planes == (2,):
        both = difference_alone(both)
    return _exposed(torch.cat([turned, cut]), random), both


def _chosen(stamps: LabelledStamps, rows: NDArray[np.intp], planes: tuple[int, ...]) -> Tensor:
    pixels = torch.from_numpy(stamps.pixels[rows][:, list(planes)].astype(np.float32))
    return pixels.nan_to_num_(0.0)


def _labels(stamps: LabelledStamps, rows: NDArray[np.intp]) -> Labels:
    length, angle = stamps.length[rows], 2 * stamps.angle[rows]
    is_point = stamps.kinds[rows, KINDS.index("POINT")] & (stamps.kinds[rows].sum(1) == 1)
    line = np.stack([np.where(is_point, 0, length), np.cos(angle), np.sin(angle)], axis=1)
    place = np.stack([stamps.x[rows], stamps.y[rows]], axis=1)
    place = np.where(np.abs(place).max(1, keepdims=True) < FARTHEST, place, np.nan)
    values = (stamps.kinds[rows], stamps.real[rows], line, place)
    return Labels(*(torch.from_numpy(np.asarray(value, dtype=np.float32)) for value in values))


def _values(labels: Labels) -> tuple[Tensor, ...]:
    return labels.kinds, labels.real, labels.line, labels.place


def _part(labels: Labels, rows: slice) -> Labels:
    return Labels(*(value[rows] for value in _values(labels)))


def difference_alone(labels: Labels) -> Labels:
    """Return labels for who sees only the difference: a mover and a variable star look alike there."""
    alike = torch.tensor([name in ALIKE for name in KINDS])
    is_alike = (labels.kinds[:, alike] > 0).any(1)
    kinds = torch.where(is_alike[:, None] & alike, 1.0, labels.kinds)
    unknown = is_alike & (labels.kinds[:, KINDS.index("POINT")] == 0)
    return Labels(kinds, labels.real.masked_fill(unknown, math.nan), labels.line, labels.place)


def _flipped(pixels: Tensor, labels: Labels, random: torch.Generator) -> tuple[Tensor, Labels]:
    """Return square stamps under random symmetries of the square."""
    across, down, swap = (torch.rand(3, len(pixels), generator=random) < 0.5).unbind()
    for chosen, axis in ((across, -1), (down, -2)):
        pixels = torch.where(chosen[:, None, None, None], pixels.flip(axis), pixels)
    pixels = torch.where(swap[:, None, None, None], pixels.transpose(-1, -2), pixels)
    length, cos, sin = labels.line.unbind(1)
    sin = torch.where(across ^ down, -sin, sin)
    cos = torch.where(swap, -cos, cos)
    place = labels.place * torch.stack([1 - 2 * across.float(), 1 - 2 * down.float()], dim=1)
    place = torch.where(swap[:, None], place.flip(1), place)
    return pixels, Labels(labels.kinds, labels.real, torch.stack([length, cos, sin], dim=1), place)


def _cut(pixels: Tensor, labels: Labels, side: int, random: torch.Generator) -> tuple[Tensor, Labels]:
    """Return the middle `side` pixels, shifted by a whole number of pixels."""
    first = (pixels.shape[-1] - side) // 2
    most = min(3, first)
    shift = torch.randint(-most, most + 1, (len(pixels), 2), generator=random)
    corners = (first - shift).tolist()  # of x and y
    cut = torch.stack([one[:, y : y + side, x : x + side] for one, (x, y) in zip(pixels, corners, strict=True)])
    centre = (pixels.shape[-1] - 1) / 2 - first - (side - 1) / 2
    return cut, Labels(labels.kinds, labels.real, labels.line, labels.place + shift + centre)


def _turned(pixels: Tensor, labels: Labels, side: int, random: torch.Generator) -> tuple[Tensor, Labels]:
    """Return the middle, turned by up to 45°, zoomed and shifted, bicubically; beyond is its mirror image."""
    n, whole = len(pixels), pixels.shape[-1]
    turn = (torch.rand(n, generator=random) - 0.5) * (math.pi / 2)
    low, high = (math.log(limit) for limit in ZOOM)
    zoom = torch.exp(low + (high - low) * torch.rand(n, generator=random))
    shift = 5 * (torch.rand(n, 2, generator=random) - 0.5)
    cos, sin = turn.cos() / zoom, turn.sin() / zoom
    scale, edge = side / whole, 2 / whole
    x0 = -(cos * shift[:, 0] - sin * shift[:, 1]) * edge
    y0 = -(sin * shift[:, 0] + cos * shift[:, 1]) * edge
    rows = torch.stack([cos * scale, -sin * scale, x0, sin * scale, cos * scale, y0], dim=1).reshape(n, 2, 3)
    grid = functional.affine_grid(rows, [n, pixels.shape[1], side, side], align_corners=False)
    seen = functional.grid_sample(pixels, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    length, was_cos, was_sin = labels.line.unbind(1)
    double_cos, double_sin = (2 * turn).cos(), (2 * turn).sin()
    line = [length * zoom, was_cos * double_cos + was_sin * double_sin, was_sin * double_cos - was_cos * double_sin]
    x, y = labels.place.unbind(1)
    back = torch.stack([turn.cos() * x + turn.sin() * y, turn.cos() * y - turn.sin() * x], dim=1)
    return seen, Labels(labels.kinds, labels.real, torch.stack(line, dim=1), zoom[:, None] * back + shift)


def _exposed(pixels: Tensor, random: torch.Generator) -> Tensor:
    """Return stamps of another exposure time: of other gain, and with more noise on some planes."""
    n, planes = pixels.shape[:2]
    gain = torch.exp(0.25 * torch.randn(n, 1, 1, 1, generator=random))
    sigma = torch.rand(n, planes, 1, 1, generator=random) * (torch.rand(n, 1, 1, 1, generator=random) < 0.6)
    return pixels * gain + 0.8 * sigma * torch.randn(pixels.shape, generator=random)
