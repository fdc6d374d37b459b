"""Why a classifier says so: class probabilities of single detections, leaving one detection out, and occlusion maps."""

from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.tracklet_frames import TrackletFrames, unknown_frames
from ml.inference.scorer import Scorer

GRID = 12
"""Patches along each side of a frame."""
MOST_PIXELS = 2**23
"""Maximum pixels of occluded copies in memory at a time."""


@dataclass(frozen=True)
class Explanation:
    """What a model makes of the parts of one subject of F frames.

    Attributes
    ----------
    p_real
        The probability of being real of the whole subject.
    detections
        (F, K) probabilities of the stamp classes, each frame scored alone.
    without
        (F,) the probability of being real without that frame; NaN for the stamp role and for a single frame.
    occlusion
        (F, G, G) how much the probability falls if a patch around that cell is hidden, rows first; negative where it
        rises.
    """

    p_real: float
    detections: NDArray[np.float32]
    without: NDArray[np.float32]
    occlusion: NDArray[np.float32]


def explain(
    scorer: Scorer,
    block: NDArray[Any],
    tracks: TrackletFrames | None = None,
    on_frame: Callable[[int], None] = lambda done: None,
) -> Explanation:
    """Explain the score of one subject.

    Occlusion sensitivity (Zeiler & Fergus 2014, section 4.2): a patch of twice a cell's width is hidden, and the
    subject scored again. Hidden pixels are NaN, which every preprocessing shows as sky and leaves out of its
    statistics. All channels of a frame are hidden together. A patch without finite pixels has nothing to hide: its
    occlusion is 0.

    Parameters
    ----------
    scorer
        Of the stamp or tracklet role, with its own network or a head on the frozen one.
    block
        (F, C, H, W) pixels of any number type, as stored.
    tracks
        Of this one tracklet; None if nothing is known of its frames.
    on_frame
        Called with the number of frames that are done.
    """
    pixels = block.astype(np.result_type(block.dtype, np.float32))
    features = scorer.backbone.unrounded(pixels[None])
    whole = _p_real(scorer, features, tracks)
    occlusion = np.zeros((len(block), GRID, GRID), dtype=np.float32)
    for frame, stamp in enumerate(pixels):
        cells = [cell for cell in np.ndindex(GRID, GRID) if np.isfinite(stamp[_patch(stamp, *cell)]).any()]
        if cells:
            occluded = np.repeat(features, len(cells), axis=0)
            occluded[:, frame] = _occluded_features(scorer, stamp, cells)
            occlusion[frame][tuple(np.transpose(cells))] = whole - _p_real(scorer, occluded, tracks)
        on_frame(frame + 1)
    single = scorer.stamp_log_scores(features)[0].exp().numpy()
    return Explanation(float(whole[0]), single, _without(scorer, features, tracks), occlusion)


def _p_real(scorer: Scorer, features: NDArray[Any], tracks: TrackletFrames | None) -> NDArray[np.float32]:
    repeated = None if tracks is None else tracks.take(np.zeros(len(features), dtype=np.intp))
    return scorer.p_real(scorer.probabilities_from_features(features, repeated))


def _occluded_features(scorer: Scorer, stamp: NDArray[Any], cells: list[tuple[int, int]]) -> NDArray[np.float32]:
    """Return the features (N, D) of a stamp (C, H, W) with the patches around N cells hidden in turn."""
    at_once = max(1, MOST_PIXELS // stamp.size)
    parts = []
    for first in range(0, len(cells), at_once):
        hidden = np.stack([_hidden(stamp, *cell) for cell in cells[first : first + at_once]])
        parts.append(scorer.backbone.unrounded(hidden[:, None])[:, 0])
    return np.concatenate(parts)


def _hidden(stamp: NDArray[Any], row: int, column: int) -> NDArray[Any]:
    copy = stamp.copy()
    copy[_patch(stamp, row, column)] = np.nan
    return copy


def _patch(stamp: NDArray[Any], row: int, column: int) -> tuple[EllipsisType, slice, slice]:
    """Return where the patch around a cell lies, which reaches half a cell beyond it."""
    rows, columns = (
        slice(int(max(0, place - 0.5) * side / GRID), int(np.ceil(min(GRID, place + 1.5) * side / GRID)))
        for place, side in ((row, stamp.shape[-2]), (column, stamp.shape[-1]))
    )
    return ..., rows, columns


def _without(scorer: Scorer, features: NDArray[Any], tracks: TrackletFrames | None) -> NDArray[np.float32]:
    frames = features.shape[1]
    if scorer.role != "tracklet" or frames < 2:
        return np.full(frames, np.nan, dtype=np.float32)
    tracks = unknown_frames(1, frames) if tracks is None else tracks
    every = tracks.take(np.zeros(frames, dtype=np.intp))
    left_out = TrackletFrames(every.fields, every.present & ~np.eye(frames, dtype=bool))
    return scorer.p_real(scorer.probabilities_from_features(np.repeat(features, frames, axis=0), left_out))
