"""Tracklets as single stamps, each a separate example, and back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.data.dataset import Examples
from ml.data.tracklet_frames import TrackletFrames, unknown_frames


@dataclass(frozen=True)
class TrackletStamps:
    """The present stamps of N tracklets.

    Attributes
    ----------
    examples
        M single stamps, each with its tracklet's label, weight and group.
    owner, place
        (M,) the tracklet of each, and its frame, 0..F-1.
    tracks
        Of the N tracklets.
    """

    examples: Examples
    owner: NDArray[np.intp]
    place: NDArray[np.intp]
    tracks: TrackletFrames

    def of(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the stamps of some tracklets."""
        return np.flatnonzero(np.isin(self.owner, rows))

    def labelled_stamps(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the stamps of some tracklets to which the tracklet's label also applies."""
        stamps = self.of(rows)
        holds = self.examples.applies_to_stamps
        return stamps if holds is None else stamps[holds[stamps]]

    def together(self, scores: Tensor) -> Tensor:
        """Return scores (N, F, K) from those of all stamps (M, K); 0 for absent ones."""
        whole = torch.zeros(len(self.tracks), self.tracks.frames, scores.shape[1])
        whole[torch.from_numpy(self.owner), torch.from_numpy(self.place)] = scores
        return whole


def apart(examples: Examples) -> TrackletStamps:
    """Return the stamps of tracklets; all frames count as present if the examples have no tracks."""
    tracks = frames_of(examples)
    owner, place = np.nonzero(tracks.present)
    features, holds = examples.features, examples.applies_to_stamps
    stamps = replace(
        examples,
        targets=examples.targets[owner],
        weights=examples.weights[owner],
        groups=examples.groups[owner],
        features=None if features is None else features[owner, place][:, None],
        pixels=None if examples.pixels is None else StampPixels(examples.pixels, owner, place),
        tracks=None,
        applies_to_stamps=None if holds is None else holds[owner],
    )
    return TrackletStamps(stamps, owner, place, tracks)


def frames_of(examples: Examples) -> TrackletFrames:
    """Return the examples' tracks, or unknown ones with all frames present."""
    if examples.tracks is not None:
        return examples.tracks
    if examples.features is not None:
        return unknown_frames(len(examples), examples.features.shape[1])
    return unknown_frames(len(examples), np.asarray(examples.pixels[np.arange(1)]).shape[1])


@dataclass(frozen=True)
class StampPixels:
    """Single stamps (n, 1, C, H, W) from tracklets' pixels, read lazily."""

    source: Any
    owner: NDArray[np.intp]
    place: NDArray[np.intp]

    def __getitem__(self, index: NDArray[np.intp]) -> NDArray[Any]:
        tracklets, row = np.unique(self.owner[index], return_inverse=True)
        return np.asarray(self.source[tracklets])[row, self.place[index]][:, None]


class PaddedPixels:
    """Tracklets' pixels (n, F, C, H, W) from blocks of different lengths, padded with NaN.

    Parameters
    ----------
    blocks
        (n_i, F_i, C, H, W) each; their rows are numbered consecutively.
    """

    def __init__(self, blocks: Sequence[NDArray[Any]]) -> None:
        self.blocks = blocks
        self.ends = np.cumsum([len(block) for block in blocks])
        self.frames = max(block.shape[1] for block in blocks)

    def __getitem__(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        rows = np.asarray(rows)
        found = np.full((len(rows), self.frames, *self.blocks[0].shape[2:]), np.nan, dtype=np.float32)
        number = np.searchsorted(self.ends, rows, side="right")
        for which in np.unique(number):
            block, here = self.blocks[which], np.flatnonzero(number == which)
            found[here, : block.shape[1]] = block[rows[here] - (self.ends[which] - len(block))]
        return found
