"""The tracklet network of a checkpoint: restore it, and compute probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.data.tracklet_frames import TrackletFrames, unknown_frames
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.models.deep_sets import SetNet
from ml.models.paper_mlp import PaperNet
from ml.sky.tracklet_features import NAMES, facts

SET, PAPER = "set", "paper"


@dataclass(frozen=True)
class TrainedTrackletNet:
    """A trained tracklet network.

    `threshold` is the probability from which a tracklet counts as real; `completeness` the fraction of real validation
    tracklets it keeps, None if the preset fixes the threshold. `metrics` are those of held-out tracklets.
    """

    kind: str
    net: nn.Module
    threshold: float
    completeness: float | None
    metrics: dict[str, float]

    def as_manifest(self) -> dict[str, Any]:
        """Return the entry for a checkpoint's manifest."""
        chosen = {} if self.completeness is None else {"completeness": self.completeness}
        return {"tracklet_net": self.kind, "threshold": self.threshold, "facts": list(NAMES), **chosen}


def restored_net(checkpoint: Checkpoint) -> nn.Module:
    """Return the tracklet network of a checkpoint.

    Raises BadCheckpoint if this version does not know its kind, or its facts.
    """
    manifest = checkpoint.manifest
    classes, positive = manifest["classes"], [manifest["classes"].index(name) for name in manifest["positive"]]
    kind = manifest.get("tracklet_net")
    if kind not in (SET, PAPER) or manifest.get("facts", list(NAMES)) != list(NAMES):
        raise BadCheckpoint(
            f"This checkpoint's tracklet network ({kind}) is of a kind that this version does not know. Use the version"
            f" that made it ({manifest.get('code_version', 'unknown')}), or train again."
        )
    net: nn.Module = PaperNet(len(classes)) if kind == PAPER else SetNet(len(classes), positive, len(NAMES))
    try:
        net.load_state_dict(checkpoint.part("tracklet."))
    except RuntimeError as error:
        raise BadCheckpoint(
            f"The tracklet network in this checkpoint does not fit its manifest ({kind}, {len(classes)} classes)."
            " Copy the checkpoint again, or train a new one."
        ) from error
    return net.eval()


def p_real(net: nn.Module, log_scores: Tensor, tracks: TrackletFrames | None) -> Tensor:
    """Return the probability (n,) that tracklets are real; NaN if a present stamp has no score.

    Parameters
    ----------
    log_scores
        (n, F, K); values of absent frames are ignored.
    tracks
        The frames' data; None if only their number is known.
    """
    tracks = unknown_frames(*log_scores.shape[:2]) if tracks is None else tracks
    present = torch.from_numpy(tracks.present)
    with torch.inference_mode():
        logits = net(log_scores.nan_to_num(), present, track_features(tracks))
    unscored = (log_scores.isnan().any(-1) & present).any(1)
    return torch.where(unscored, torch.nan, torch.sigmoid(logits))


def track_features(tracks: TrackletFrames) -> Tensor:
    """Return the features (n, D) of tracks as a tensor."""
    known: NDArray[np.float32] = facts(tracks)
    return torch.from_numpy(known)
