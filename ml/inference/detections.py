"""A detector's best detections in a subject, and their packed form beside its score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 10  # maximum number of detections per subject
LEAST = 0.1  # minimum score of a stored detection
_NUMBERS = 6  # frame, x1, y1, x2, y2, score
WIDTH = 2 * _NUMBERS * MOST


@dataclass(frozen=True)
class Detection:
    """A line that a detector found.

    Attributes
    ----------
    frame
        From 0.
    line
        x1, y1, x2, y2 in pixels; (0, 0) is the centre of the first, at the bottom.
    score
        0..1, its score.
    """

    frame: int
    line: tuple[float, float, float, float]
    score: float


def best(detections: Sequence[Detection]) -> list[Detection]:
    """Return at most `MOST` detections with a score of at least `LEAST`, highest first."""
    return sorted((each for each in detections if each.score >= LEAST), key=lambda each: -each.score)[:MOST]


def packed(detections: Sequence[Detection]) -> NDArray[np.float16]:
    """Return at most `MOST` detections as (`WIDTH`,) float16, padded with NaN.

    Each number is stored as its nearest float16 and the remainder, so that pixel 10,000 is precise to 0.01.
    """
    numbers = np.full((MOST, _NUMBERS), np.nan)
    for row, each in zip(numbers, detections, strict=False):
        row[:] = each.frame, *each.line, each.score
    whole = numbers.astype(np.float16)
    return np.stack([whole, (numbers - whole).astype(np.float16)]).reshape(WIDTH)


def unpacked(packed_detections: NDArray[Any]) -> list[Detection]:
    """Return the detections in the output of `packed`."""
    numbers = packed_detections.reshape(2, MOST, _NUMBERS).astype(np.float64).sum(0)
    return [
        Detection(round(frame), (x1, y1, x2, y2), score)
        for frame, x1, y1, x2, y2, score in numbers[np.isfinite(numbers).all(1)].tolist()
    ]
