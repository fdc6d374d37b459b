"""Training targets of the trail network: class, direction and offset of every cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.models.trail import STRIDE
from ml.trails.annotation import CLASSES, TRAIL, Annotation

ORDER = ("SPIKE", "ARC", "COSMIC_RAY", "SATELLITE", TRAIL)  # later classes overwrite earlier ones
Array = NDArray[Any]


@dataclass(frozen=True)
class Target:
    """The training target of an image (h, w cells).

    Attributes
    ----------
    label
        (h, w) uint8: 0 for the sky, else 1 + the number in `CLASSES`.
    line
        (3, h, w) float32: cos 2θ, sin 2θ, and the offset of the ridge in cells; 0 for the sky.
    weight
        (h, w) float32: sample weight of each cell.
    """

    label: NDArray[np.uint8]
    line: NDArray[np.float32]
    weight: NDArray[np.float32]


def paint(things: Sequence[Annotation], shape: tuple[int, int]) -> Target:
    """Return the target of an image of `shape` (H, W) pixels, multiples of the stride or not.

    A cell belongs to an object if its centre lies within half of the object's width of the curve.
    """
    h, w = (-(-side // STRIDE) for side in shape)
    target = Target(np.zeros((h, w), np.uint8), np.zeros((3, h, w), np.float32), np.ones((h, w), np.float32))
    for thing in sorted(things, key=lambda thing: ORDER.index(thing.label)):
        _lay(target, thing)
    return target


def _lay(target: Target, thing: Annotation) -> None:
    h, w = target.label.shape
    reach = thing.width / 2
    low = np.floor((thing.curve.min(0) - reach - 1.5) / STRIDE).astype(int)
    high = np.ceil((thing.curve.max(0) + reach - 1.5) / STRIDE).astype(int) + 1
    (x0, y0), (x1, y1) = np.clip(low, 0, (w, h)), np.clip(high, 0, (w, h))
    if x1 <= x0 or y1 <= y0:
        return
    x, y = np.meshgrid(np.arange(x0, x1) * STRIDE + 1.5, np.arange(y0, y1) * STRIDE + 1.5)
    distance, cos, sin, left = nearest(np.stack([x.ravel(), y.ravel()], axis=1), thing.curve)
    inside = (distance <= reach).reshape(x.shape)
    window = (slice(y0, y1), slice(x0, x1))
    target.label[window][inside] = 1 + CLASSES.index(thing.label)
    target.weight[window][inside] = thing.weight
    for plane, value in enumerate((cos**2 - sin**2, 2 * cos * sin, left / STRIDE)):
        target.line[plane][window][inside] = value.reshape(x.shape)[inside]


def nearest(points: Array, curve: Array) -> tuple[Array, Array, Array, Array]:
    """Return distance, cos θ, sin θ and offset to the left of the nearest part of a polyline (k, 2), for points (n, 2).

    θ is folded into (-90°, 90°], so that a line and its reverse are the same; left is towards θ + 90°. Beyond an end
    the offset is from the extended line, while the distance is from the end.
    """
    starts, spans = curve[:-1], np.diff(curve, axis=0)
    kept = (spans**2).sum(1) > 0
    if not kept.any():
        spans, kept = np.broadcast_to(np.array([1.0, 0.0]), spans.shape), np.ones(len(spans), bool)
    starts, spans = starts[kept], spans[kept]
    away = points[:, None] - starts
    part = np.clip((away * spans).sum(2) / (spans**2).sum(1), 0, 1)
    distances = np.linalg.norm(away - part[..., None] * spans, axis=2)
    best = distances.argmin(1)
    along = spans / np.linalg.norm(spans, axis=1, keepdims=True)
    along *= np.where((along[:, :1] < 0) | ((along[:, :1] == 0) & (along[:, 1:] < 0)), -1, 1)
    cos, sin = along[best].T
    offset = away[np.arange(len(points)), best]
    return distances[np.arange(len(points)), best], cos, sin, offset[:, 0] * sin - offset[:, 1] * cos
