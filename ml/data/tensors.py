"""Preprocessed pixels in memory, and prefetching of the next block."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.data.dataset import NO_PIXELS, BadExamples, Examples
from ml.data.preprocessing import Preprocessing

MOST = 2**30  # maximum bytes of frames in memory; beyond it subjects are sampled
SLAB = 256  # subjects stretched at a time


@dataclass(frozen=True)
class FrameTensors:
    """Single frames (n, C, H, W) float16, subject by subject, with their targets and sample weights.

    `rows` (n / frames_per_subject,) are the subjects' row numbers.
    """

    pixels: Tensor
    targets: Tensor
    weights: Tensor
    frames_per_subject: int
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.pixels)


def load_frames(
    examples: Examples, rows: NDArray[np.intp], preprocessing: Preprocessing, *, most: int = MOST
) -> FrameTensors:
    """Read and stretch the frames of some subjects, in order; each frame inherits its subject's label.

    Beyond `most` bytes a random sample is kept, the same at every call, listed in `rows` of the result.

    Raises BadExamples if the examples come without pixels.
    """
    if examples.pixels is None:
        raise BadExamples(NO_PIXELS)
    fits = how_many_fit(examples.pixels, rows, preprocessing, most)
    if len(rows) > fits:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), fits, replace=False))]
    pixels = load_pixels(examples.pixels, rows, preprocessing)
    frames = pixels.shape[1]
    return FrameTensors(
        pixels.flatten(0, 1),
        torch.from_numpy(np.repeat(examples.targets[rows], frames, axis=0)).float(),
        torch.from_numpy(np.repeat(examples.weights[rows], frames)).float(),
        frames,
        rows,
    )


def load_pixels(source: Any, rows: NDArray[np.intp], preprocessing: Preprocessing) -> Tensor:
    """Read and stretch some subjects (N, F, C, H, W), in order: (n, F, C, h, w) float16.

    Two bytes a number, so that memory is bounded by `how_many_fit`; SLAB subjects are read at a time.
    """
    pixels = torch.empty(len(rows), *_stretched_shape(source, rows, preprocessing), dtype=torch.float16)
    for start in range(0, len(rows), SLAB):
        block = np.asarray(source[rows[start : start + SLAB]])
        pixels[start : start + SLAB] = torch.from_numpy(preprocessing.stretched(block))
    return pixels


def how_many_fit(source: Any, rows: NDArray[np.intp], preprocessing: Preprocessing, most: int = MOST) -> int:
    """Return how many subjects, stretched, fit into `most` bytes: one or more."""
    return max(1, most // (2 * math.prod(_stretched_shape(source, rows, preprocessing))))


def _stretched_shape(source: Any, rows: NDArray[np.intp], preprocessing: Preprocessing) -> tuple[int, ...]:
    return preprocessing.stretched(np.asarray(source[rows[:1]])).shape[1:]


T = TypeVar("T")
END = object()


def prefetch(series: Iterator[T]) -> Iterator[T]:
    """Yield from an iterable, while a thread prepares the next item, so that two are in memory.

    Exceptions of the iterable are raised here, in order.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, series, END)
        while (item := coming.result()) is not END:
            coming = thread.submit(next, series, END)
            yield item  # type: ignore[misc]
