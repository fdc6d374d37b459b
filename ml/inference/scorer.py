"""Score subjects with a checkpoint: features, class probabilities, and the probability of being real."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.data.preprocessing import Preprocessing
from ml.data.tracklet_frames import TrackletFrames
from ml.imaging.annulus import to_width
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.feature_extractor import Backbone, restored
from ml.inference.tracklet_net import p_real, restored_net
from ml.models.compute import limit_torch
from ml.models.tabular import MetadataNet

TRACKLET_CLASSES = ("bogus", "real")
ROWS = 512  # rows of features converted to 32 bits at a time, few enough for the cache


class Scorer:
    """A checkpoint ready for scoring.

    Parameters
    ----------
    checkpoint
        Of the role "stamp" or "tracklet".
    device
        "auto", "cpu", "cuda".
    engine
        "auto", "openvino" or "torch": the inference engine.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", engine: str = "auto") -> None:
        limit_torch()
        self.checkpoint = checkpoint
        self.manifest = checkpoint.manifest
        self.role: str = self.manifest["role"]
        self.feature_key: str = self.manifest["feature_key"]
        self._device, self._engine = device, engine
        self._backbone: Backbone | None = None
        self._weight, self._bias = _head(checkpoint)
        self._tracklet = restored_net(checkpoint) if self.role == "tracklet" else None
        self._metadata = _metadata_net(checkpoint) if self.columns else None

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the columns of `probabilities`."""
        return TRACKLET_CLASSES if self.role == "tracklet" else self.stamp_classes

    @property
    def positive(self) -> tuple[str, ...]:
        """Return the real ones among `classes`."""
        return ("real",) if self.role == "tracklet" else tuple(self.manifest["positive"])

    @property
    def stamp_classes(self) -> tuple[str, ...]:
        """Return the K class names of a single stamp."""
        return tuple(self.manifest["classes"])

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the tabular features the model uses; mostly none."""
        return tuple(self.manifest.get("metadata", ()))

    @property
    def backbone(self) -> Backbone:
        """Return the backbone, built lazily: heads on stored features never need it."""
        if self._backbone is None:
            self._backbone = _backbone(self.checkpoint, self._device, self._engine)
        return self._backbone

    def features(self, block: NDArray[Any]) -> NDArray[np.float16]:
        """Return features (n, F, D) of subjects (n, F, C, H, W)."""
        return self.backbone.features(block)

    def probabilities_from_features(
        self, features: NDArray[Any], tracks: TrackletFrames | None = None, values: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """Return probabilities from features (n, F, D) by a matrix product.

        Parameters
        ----------
        features
            Of this model's backbone; NaN where they are not known. Where a tracklet has no frame, they are not looked
            at.
        tracks
            Of the tracklet role: the frames' times and positions, and which are present; None if all are, and nothing
            else is known.
        values
            (n, M) of `columns`, NaN where unknown. None, or a row of NaN, uses the pixels only.

        Returns
        -------
        (n, K) float32 for the stamp role (several frames: their mean); (n, 2), bogus and real, for the tracklet role.
        Rows sum to 1; a row with NaN features is NaN.
        """
        scores = self.stamp_log_scores(features)
        if self._tracklet is None:
            p = scores.exp().mean(1)
            return (p if self._metadata is None or values is None else self._informed(p, values)).numpy()
        real = p_real(self._tracklet, scores, tracks)
        return torch.stack([1 - real, real], dim=1).numpy()

    def probabilities(
        self, block: NDArray[Any], tracks: TrackletFrames | None = None, values: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """Return probabilities of subjects (n, F, C, H, W), their tracks and `values`; columns as `classes`.

        Features are not rounded to 16 bits like stored ones, which changes probabilities by about 1e-4 to 1e-3.
        """
        return self.probabilities_from_features(self.backbone.unrounded(block), tracks, values)

    def p_real(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability (n,) of being real: the sum of the positive columns."""
        return probabilities[:, [self.classes.index(name) for name in self.positive]].sum(1)

    def _informed(self, p: torch.Tensor, values: NDArray[Any]) -> torch.Tensor:
        assert self._metadata is not None  # noqa: S101 - for the type checker
        with torch.inference_mode():
            log_p = self._metadata(p.clamp(min=1e-6).log(), torch.from_numpy(np.asarray(values, dtype=np.float32)))
        return torch.where(torch.isfinite(p).all(1, keepdim=True), log_p.exp(), p)

    def stamp_log_scores(self, features: NDArray[Any]) -> torch.Tensor:
        """Return log class probabilities (n, F, K) of every stamp from features (n, F, D); NaN features give NaN.

        Raises ValueError if D is another backbone's. With annulus photometry, D may be that of stamps with more or
        fewer channels than the model learnt from (`ml.imaging.annulus.to_width`).
        """
        if self.manifest.get("preprocessing", {}).get("annulus_photometry"):
            features = to_width(features, self._weight.shape[1])
        n, frames, dimensions = features.shape
        if dimensions != self._weight.shape[1]:
            raise ValueError(
                f"These features have {dimensions} numbers each, but this model reads {self._weight.shape[1]}."
                f" They were made by another backbone; compute those of {self.feature_key} first."
            )
        flat = features.reshape(n * frames, dimensions)
        logits = torch.empty(len(flat), len(self._bias))
        for start in range(0, len(flat), ROWS):
            part = torch.from_numpy(np.ascontiguousarray(flat[start : start + ROWS])).float()
            logits[start : start + ROWS] = torch.addmm(self._bias, part, self._weight.T)
        return logits.log_softmax(1).reshape(n, frames, len(self._bias))


def _head(checkpoint: Checkpoint) -> tuple[torch.Tensor, torch.Tensor]:
    stamp, classes = checkpoint.part("stamp."), len(checkpoint.manifest["classes"])
    if set(stamp) != {"weight", "bias"} or len(stamp["weight"]) != classes or len(stamp["bias"]) != classes:
        raise BadCheckpoint(
            f"This checkpoint has no layer of scores for its {classes} classes: it is damaged, or was made by something"
            " else. Copy it again, or train a new one."
        )
    return stamp["weight"].float(), stamp["bias"].float()


def _metadata_net(checkpoint: Checkpoint) -> MetadataNet:
    net = MetadataNet(len(checkpoint.manifest["classes"]), len(checkpoint.manifest["metadata"]))
    net.load_state_dict(checkpoint.part("metadata."))
    return net.eval()


def _preprocessing(checkpoint: Checkpoint) -> Preprocessing:
    settings = checkpoint.manifest["preprocessing"]
    try:
        return Preprocessing(**settings)
    except (TypeError, ValueError) as error:
        raise BadCheckpoint(
            f"This checkpoint uses a preprocessing that this version does not know ({error}). Use the"
            f" version that made it ({checkpoint.manifest.get('code_version', 'unknown')}) or a newer one."
        ) from error


def _backbone(checkpoint: Checkpoint, device: str, engine: str) -> Backbone:
    preprocessing = _preprocessing(checkpoint)
    architecture = checkpoint.manifest["architecture"]
    try:
        network = restored(architecture, preprocessing, checkpoint.part("backbone."))
    except RuntimeError as error:
        raise BadCheckpoint(
            f"The weights in this checkpoint are not those of {architecture}, which it names. Copy the checkpoint"
            f" again, or train a new one. ({error})"
        ) from error
    made = Backbone(network, preprocessing, device=device, engine=engine)
    if made.feature_key != checkpoint.manifest["feature_key"]:
        raise BadCheckpoint(
            f"This checkpoint was trained on features {checkpoint.manifest['feature_key']}, but the backbone here makes"
            f" {made.feature_key}: the ImageNet weights or the preprocessing differ. Restore them, or train again."
        )
    return made
