"""Score whole subjects with a detector: the probability that anything moves in one.

A detector of trails or of movers in cubes, with the interface of a `Scorer` for stamps and tracklets. A subject's
stored "features" are the log-odds of its best detection and the best detections themselves, so the detector runs only
once.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.input_channels import channels_and_mask
from ml.cubes.model import CubeModel
from ml.cubes.tracks import Track, find_tracks
from ml.data.tracklet_frames import TrackletFrames
from ml.imaging.background import NoPixels
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.detections import Detection, best, packed, unpacked
from ml.trails.maps import one_plane
from ml.trails.train_detector import detector_of

ROLES = ("trail", "cube")
SURELY_NOTHING = 1e-4  # the score of a subject without detections
KEPT = b"log-odds, finds and tracks"  # version of the features, part of their key
Detect = Callable[[NDArray[Any]], tuple[float, list[Detection]]]


class DetectorScorer:
    """A checkpoint of the role "trail" or "cube" ready for scoring.

    Raises BadCheckpoint if it is of another role.
    """

    classes = ("no", "yes")
    positive = ("yes",)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint, self.manifest = checkpoint, checkpoint.manifest
        self.role: str = self.manifest["role"]
        self.feature_key = key_of(checkpoint)
        self._detect = _detect(checkpoint)

    def features(self, block: NDArray[Any]) -> NDArray[np.float16]:
        """Return the log-odds of the best detection, and the detections, (n, 1, D), of subjects (n, F, C, H, W)."""
        results = [self._detect(subject) for subject in block]
        scores = np.clip([score for score, _ in results], SURELY_NOTHING, 1 - SURELY_NOTHING)
        odds = np.log(scores / (1 - scores)).astype(np.float16)
        return np.column_stack([odds, np.stack([packed(best(detections)) for _, detections in results])])[:, None]

    def detections(self, features: NDArray[Any]) -> list[list[Detection]]:
        """Return the detections of each subject, best first, from features (n, 1, D)."""
        return [unpacked(row[1:]) for row in features[:, 0]]

    def probabilities_from_features(
        self, features: NDArray[Any], tracks: TrackletFrames | None = None, values: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """Return probabilities (n, 2) of no and yes; `tracks` and `values` are ignored."""
        yes = 1 / (1 + np.exp(-features[:, 0, 0].astype(np.float32)))
        return np.stack([1 - yes, yes], axis=1)

    def p_real(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability (n,) that anything moves in each subject."""
        return probabilities[:, 1]


def key_of(checkpoint: Checkpoint) -> str:
    """Return 16 hex digits that hash a detector's weights and threshold: equal keys mean equal detections."""
    digest = hashlib.blake2b(str(checkpoint.manifest.get("threshold")).encode() + KEPT, digest_size=8)
    digest.update(str(checkpoint.manifest["architecture"]).encode())
    for name, tensor in sorted(checkpoint.tensors.items()):
        digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _detect(checkpoint: Checkpoint) -> Detect:
    role = checkpoint.manifest["role"]
    if role == "trail":
        return _detect_trails(checkpoint)
    if role == "cube":
        return _detect_tracks(checkpoint)
    raise BadCheckpoint(f"A checkpoint of the role {role!r} is not a detector; use one of {ROLES}.")


def _detect_trails(checkpoint: Checkpoint) -> Detect:
    detector = detector_of(checkpoint)

    def detect(subject: NDArray[Any]) -> tuple[float, list[Detection]]:
        detections: list[Detection] = []
        for number, frame in enumerate(subject):
            try:
                trails = detector.trails(one_plane(frame))
            except NoPixels:
                continue
            detections += [Detection(number, tuple(trail.line.tolist()), trail.score) for trail in trails]
        return max((each.score for each in detections), default=0.0), detections

    return detect


def _detect_tracks(checkpoint: Checkpoint) -> Detect:
    model = CubeModel.of(checkpoint)

    def detect(subject: NDArray[Any]) -> tuple[float, list[Detection]]:
        channels, measured = channels_and_mask(np.asarray(subject[:, 0], dtype=np.float32))
        found = find_tracks(np.where(measured, model.probabilities(channels), 0), model.threshold)
        return (found[0].score if found else 0.0), [line_of(track) for track in found]

    return detect


def line_of(track: Track) -> Detection:
    """Return a track as the line from its first place to its last, in the frame of the detection nearest its middle.

    The line is shifted so that its middle is the place in that frame: by at most half a frame's motion and what the
    track bends, or half a gap.
    """
    places = track.path.at(track.frame)
    middle = (places[0] + places[-1]) / 2
    nearest = np.hypot(*(places - middle).T).round(2).argmin()  # the first of two, whatever rounding says
    (x1, y1), (x2, y2) = (places[[0, -1]] + places[nearest] - middle).tolist()
    return Detection(int(track.frame[nearest]), (x1, y1, x2, y2), track.score)
