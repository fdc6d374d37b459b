"""Detectors asked about whole subjects: how likely it is that anything moves through one.

A detector of trails or of movers in cubes stands here where a `Scorer` stands for stamps and tracklets. What is kept of
a subject, its one "feature", is the log-odds of the surest find: the detector looks once, whatever is asked later.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.checkpoint import BadCheckpoint, Checkpoint
from ml.cubes.model import CubeModel
from ml.cubes.tracks import tracks_of
from ml.cubes.views import seen
from ml.tracklets.tracks import Tracks
from ml.trails.restore import detector_of
from ml.trails.sky import NoPixels

ROLES = ("trail", "cube")
SURELY_NOTHING = 1e-4  # the score of a subject in which nothing is found
Surest = Callable[[NDArray[Any]], float]


class Finder:
    """A checkpoint of the role "trail" or "cube" at work.

    Raises
    ------
    BadCheckpoint
        If it is of another role.
    """

    classes = ("no", "yes")
    positive = ("yes",)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint, self.manifest = checkpoint, checkpoint.manifest
        self.role: str = self.manifest["role"]
        self.feature_key = key_of(checkpoint)
        self._surest = _surest(checkpoint)

    def features(self, block: NDArray[Any]) -> NDArray[np.float16]:
        """Return the log-odds (n, 1, 1) of the surest find in each of the subjects (n, F, C, H, W)."""
        scores = np.array([self._surest(subject) for subject in block], dtype=np.float64)
        scores = np.clip(scores, SURELY_NOTHING, 1 - SURELY_NOTHING)
        return np.log(scores / (1 - scores)).astype(np.float16)[:, None, None]

    def probabilities_from_features(
        self, features: NDArray[Any], tracks: Tracks | None = None, values: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """Return probabilities (n, 2) of no and yes; `tracks` and `values` tell this model nothing."""
        yes = 1 / (1 + np.exp(-features[:, 0, 0].astype(np.float32)))
        return np.stack([1 - yes, yes], axis=1)

    def p_real(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability (n,) that anything moves there."""
        return probabilities[:, 1]


def key_of(checkpoint: Checkpoint) -> str:
    """Return 16 hex digits that name a detector's weights and threshold: equal keys mean equal finds."""
    digest = hashlib.blake2b(str(checkpoint.manifest.get("threshold")).encode(), digest_size=8)
    digest.update(str(checkpoint.manifest["architecture"]).encode())
    for name, tensor in sorted(checkpoint.tensors.items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _surest(checkpoint: Checkpoint) -> Surest:
    role = checkpoint.manifest["role"]
    if role == "trail":
        return _surest_trail(checkpoint)
    if role == "cube":
        return _surest_track(checkpoint)
    raise BadCheckpoint(f"A checkpoint of the role {role!r} finds nothing in larger pictures; give one of {ROLES}.")


def _surest_trail(checkpoint: Checkpoint) -> Surest:
    detector = detector_of(checkpoint)

    def surest(subject: NDArray[Any]) -> float:
        scores = [0.0]
        for frame in subject:
            try:
                scores += [trail.score for trail in detector.trails(one_plane(frame))]
            except NoPixels:
                continue
        return max(scores)

    return surest


def _surest_track(checkpoint: Checkpoint) -> Surest:
    model = CubeModel.of(checkpoint)

    def surest(subject: NDArray[Any]) -> float:
        views, measured = seen(np.asarray(subject[:, 0], dtype=np.float32))
        found = tracks_of(np.where(measured, model.probabilities(views), 0), model.threshold)
        return found[0].score if found else 0.0

    return surest


def one_plane(frame: NDArray[Any]) -> NDArray[Any]:
    """Return one plane (H, W) of a frame (C, H, W): the mean of its channels."""
    return frame[0] if len(frame) == 1 else np.asarray(frame.mean(axis=0, dtype=np.float32))
