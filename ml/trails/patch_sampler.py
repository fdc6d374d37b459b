"""Sample training patches of labelled images, augmented and with synthetic trails."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.imaging.background import in_noise, stretched
from ml.trails.annotation import CLASSES, TRAIL, Annotation
from ml.trails.line_marks import Mark, consensus_lines
from ml.trails.profile import snapped_to_ridge
from ml.trails.synthetic_trails import add_arc, add_line, random_curve
from ml.trails.target_masks import Target, paint_targets

SIDE = 256
DRAWN = 0.35  # fraction of crops with an extra synthetic trail
DRAWN_ARC = 0.2  # fraction of crops with an extra synthetic arc, if the labels contain arcs
ON_TRAIL, ON_THING = 0.35, 0.4  # fractions of crops centred on a trail, and on a look-alike
Array = NDArray[Any]


@dataclass(frozen=True)
class Labelled:
    """An image in units of its noise (H, W), NaN where nothing was measured, and its annotations."""

    noise_units: NDArray[np.float16]
    annotations: list[Annotation]
    name: str = ""


@dataclass(frozen=True)
class PatchBatch:
    """Network inputs (B, 1, S, S), their targets, and the state of the random generator after them."""

    images: NDArray[np.float32]
    targets: list[Target]
    draws: Mapping[str, Any]


def batches(images: Sequence[Labelled], size: int, rng: np.random.Generator, side: int = SIDE) -> Iterator[PatchBatch]:
    """Yield batches endlessly."""
    chooser = _Chooser(images, side)
    while True:
        crops = [chooser.crop(rng) for _ in range(size)]
        inputs = np.stack([image for image, _ in crops])[:, None]
        yield PatchBatch(inputs, [target for _, target in crops], rng.bit_generator.state)


class _Chooser:
    def __init__(self, images: Sequence[Labelled], side: int) -> None:
        self.images, self.side = images, side
        pairs = [(n, annotation) for n, image in enumerate(images) for annotation in image.annotations]
        self.trails = [pair for pair in pairs if pair[1].label == TRAIL]
        self.arcs = any(annotation.label == "ARC" for _, annotation in pairs)
        self.others = [
            alike
            for label in CLASSES
            if label != TRAIL and (alike := [pair for pair in pairs if pair[1].label == label])
        ]

    def crop(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], Target]:
        number, middle = self._middle(rng)
        image = self.images[number]
        corner = np.rint(middle - rng.uniform(0.2, 0.8, 2) * self.side).astype(int)
        corner = np.clip(corner, 0, np.maximum(np.array(image.noise_units.shape[::-1]) - self.side, 0))
        x, y = corner
        pixels = _whole(image.noise_units[y : y + self.side, x : x + self.side], self.side)
        annotations = [replace(annotation, curve=annotation.curve - corner) for annotation in image.annotations]
        pixels, annotations = dihedral(pixels, annotations, int(rng.integers(8)))
        if rng.random() < DRAWN:
            annotations = [*annotations, add_line(pixels, random_curve(rng, self.side), rng)]
        if self.arcs and rng.random() < DRAWN_ARC:
            annotations = [*annotations, add_arc(pixels, rng)]
        pixels *= np.float32(rng.uniform(0.85, 1.15))
        return stretched(pixels), paint_targets(annotations, pixels.shape)

    def _middle(self, rng: np.random.Generator) -> tuple[int, Array]:
        chance = rng.random()
        pool = self.trails if chance < ON_TRAIL else []
        if ON_TRAIL <= chance < ON_TRAIL + ON_THING and self.others:
            pool = self.others[rng.integers(len(self.others))]  # balanced classes: there are far more spikes than arcs
        if pool:
            number, annotation = pool[rng.integers(len(pool))]
            return number, annotation.curve[rng.integers(len(annotation.curve))]
        number = int(rng.integers(len(self.images)))
        return number, rng.uniform(0, self.images[number].noise_units.shape[::-1])


def dihedral(pixels: Array, annotations: Sequence[Annotation], how: int) -> tuple[Array, list[Annotation]]:
    """Return a square image (S, S) and its annotations under one of the eight symmetries of the square (0..7).

    Bit 0 of `how` flips x, bit 1 flips y, and bit 2 then swaps both. The result is a copy; NaN stays NaN.
    """
    last = len(pixels) - 1
    curves = [annotation.curve for annotation in annotations]
    if how & 1:
        pixels, curves = pixels[:, ::-1], [curve * (-1, 1) + (last, 0) for curve in curves]
    if how & 2:
        pixels, curves = pixels[::-1], [curve * (1, -1) + (0, last) for curve in curves]
    if how & 4:
        pixels, curves = pixels.T, [curve[:, ::-1] for curve in curves]
    return pixels.copy(), [
        replace(annotation, curve=curve) for annotation, curve in zip(annotations, curves, strict=True)
    ]


def _whole(part: Array, side: int) -> NDArray[np.float32]:
    whole = np.full((side, side), np.nan, dtype=np.float32)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole


def annotations_of(marks: Sequence[Mark]) -> list[Annotation]:
    """Return the trails of volunteers' marks in one image, each weighted by their agreement."""
    lines = consensus_lines(marks) if marks else []
    return [Annotation(TRAIL, line.line.reshape(2, 2), weight=line.weight, drawn=True) for line in lines]


def labelled_image(pixels: NDArray[Any], annotations: Sequence[Annotation], name: str) -> Labelled:
    """Return an image (H, W) in units of its noise; drawn lines are moved onto the nearby ridge."""
    noise_units = in_noise(pixels)
    on_ridge = [
        replace(annotation, curve=snapped_to_ridge(noise_units, annotation.curve)) if annotation.drawn else annotation
        for annotation in annotations
    ]
    return Labelled(np.clip(noise_units, -6e4, 6e4).astype(np.float16), on_ridge, name)
