"""Feature extraction with a frozen backbone: computed once per subject, reused for every new head."""

import copy
import hashlib
import json
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.data.preprocessing import FROZEN, SKY_FROZEN, Preprocessing, middle, tta_views
from ml.data.tensors import prefetch
from ml.imaging.annulus import annulus_photometry
from ml.imaging.annulus import width as annulus_width
from ml.inference.runtime import BATCH, Run, choose_device, choose_engine, compile_run
from ml.models.compute import cores
from ml.models.input_adapters import begins_once, folded
from ml.models.residual import ResidualNet
from ml.models.sky_net import SKY, scale_of
from ml.models.stamp import IMAGENET, RESIDUAL, Prepared, backbone, dimensions, three_channels
from ml.models.weights import ARCHITECTURE

KEPT = 8
COMPILED: dict[tuple[Hashable, ...], Run] = {}
"""Networks compiled in this process, by weights, preprocessing and shape: compiling takes seconds."""


class Backbone:
    """A network without its last layer, its preprocessing, and an inference engine.

    Parameters
    ----------
    network
        A module (B, C, S, S) → (B, D).
    preprocessing
        Its preprocessing.
    device, engine
        As in `ml.inference.runtime`.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocessing: Preprocessing = FROZEN,
        *,
        device: str = "auto",
        engine: str = "auto",
    ) -> None:
        self.network, self.preprocessing = network, preprocessing
        self.device = choose_device(device)
        self.engine = choose_engine(engine, self.device)
        self.feature_key = feature_key(network, preprocessing)
        self._compiled_as = feature_key(network, replace(preprocessing, tta=1))

    def features(self, block: NDArray[Any]) -> NDArray[np.float16]:
        """Return features (n, F, D) of subjects (n, F, C, H, W) of any number type, as stored.

        NaN pixels count as sky. D is the network's output for each crop, concatenated, and then the annulus photometry,
        if used.
        """
        return self.unrounded(block).astype(np.float16)

    def unrounded(self, block: NDArray[Any]) -> NDArray[np.float32]:
        """Return the same features, without rounding to 16 bits."""
        n, frames = block.shape[:2]
        stamps = block.reshape(n * frames, *block.shape[2:])
        batches = (stamps[start : start + BATCH] for start in range(0, len(stamps), BATCH))
        ready = ((batch, self.preprocessing.stretched(batch)) for batch in batches)
        parts = [self._all_features(*pair) for pair in prefetch(ready)]
        flat = np.concatenate(parts) if parts else np.zeros((0, self._width(block.shape[2])), dtype=np.float32)
        return flat.reshape(n, frames, flat.shape[1])

    def _all_features(self, stamps: NDArray[Any], ready: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features (B, D) of stamps (B, C, H, W): of each crop, and the annulus photometry."""
        parts = [self._tta_mean(ready)]
        if self.preprocessing.center_crop is not None:
            parts.append(self._tta_mean(middle(ready, self.preprocessing.center_crop)))
        if self.preprocessing.annulus_photometry:
            parts.append(annulus_photometry(stamps))
        return np.concatenate(parts, axis=1)

    def _tta_mean(self, ready: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features (B, D) of one crop, averaged over its test-time augmentations."""
        return self._per_view(list(tta_views(ready, self.preprocessing.tta))).mean(0)

    def _per_view(self, views: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return features (V, B, D) of V views of the same stamps (B, C, h, w)."""
        shapes = dict.fromkeys(view.shape[1:] for view in views)  # of oblong stamps, half of the views lie, half stand
        features = [self._run(shape)(*(view for view in views if view.shape[1:] == shape)) for shape in shapes]
        return np.concatenate(features).reshape(len(views), len(views[0]), -1)

    def parts(self, width: int) -> tuple[int, ...]:
        """Return how `width` features of a stamp are divided into parts, each with its own head."""
        if self.preprocessing.crops == 1 and not self.preprocessing.annulus_photometry:
            return (width,)
        return self.preprocessing.parts(width, dimensions(self.network))

    def _width(self, channels: int) -> int:
        photometry = annulus_width(channels) if self.preprocessing.annulus_photometry else 0
        return dimensions(self.network) * self.preprocessing.crops + photometry

    def _run(self, shape: tuple[int, ...]) -> Run:
        name = (self._compiled_as, self.engine, str(self.device), shape)
        if name not in COMPILED:
            while len(COMPILED) >= KEPT:
                del COMPILED[next(iter(COMPILED))]
            COMPILED[name] = compile_run(
                self._fitted(shape[0]),
                shape,
                device=self.device,
                engine=self.engine,
                streams=cores(),
            )
        return COMPILED[name]

    def _fitted(self, channels: int) -> nn.Module:
        """Return a copy of the network with its preprocessing, folded into its first convolution if possible."""
        fitted = prepare(copy.deepcopy(self.network), self.preprocessing, channels)
        if fitted.three and begins_once(fitted.network):
            folded(fitted.network, three_channels(torch.eye(channels)[:, :, None, None])[:, :, 0, 0])
            fitted.three = False
        return fitted


def prepare(network: nn.Module, preprocessing: Preprocessing, channels: int) -> Prepared:
    """Return the network with channel mapping and resize in front, for a number of channels."""
    return Prepared(network, size=preprocessing.size(channels), three=preprocessing.channels == 0)


def feature_key(network: nn.Module, preprocessing: Preprocessing) -> str:
    """Return 16 hex digits that hash weights and preprocessing: equal keys mean equal features."""
    digest = hashlib.blake2b(json.dumps(preprocessing.as_manifest(), sort_keys=True).encode(), digest_size=8)
    for name, tensor in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def default_backbone(init: str = IMAGENET, *, device: str = "auto", engine: str = "auto") -> Backbone:
    """Return the frozen backbone, "imagenet" or "sky", used for features before any checkpoint exists."""
    architecture, preprocessing = (SKY, SKY_FROZEN) if init == SKY else (ARCHITECTURE, FROZEN)
    return Backbone(backbone(architecture, init, 3, 0), preprocessing, device=device, engine=engine)


def restored(architecture: str, preprocessing: Preprocessing, tensors: dict[str, Tensor]) -> nn.Module:
    """Return a backbone with the given tensors, or with the packaged ImageNet weights if there are none.

    Raises RuntimeError if the tensors are not those of this architecture.
    """
    channels = preprocessing.channels or 3
    if not tensors:
        return backbone(architecture, IMAGENET, channels, 0)
    network = backbone(architecture, "random", channels, 0, adapter=preprocessing.adapter, scale=scale_of(tensors))
    network.load_state_dict(tensors)
    return network.eval()


def architecture_of(backbone: Backbone) -> str:
    """Return the name with which `ml.models.stamp.backbone` builds this backbone's network."""
    if isinstance(backbone.network, ResidualNet):
        return RESIDUAL
    config: Any = getattr(backbone.network, "pretrained_cfg", {"architecture": ARCHITECTURE})
    return str(config["architecture"])


def frozen_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the network's tensors, as stored in a checkpoint."""
    return {f"backbone.{name}": value.detach().cpu().clone() for name, value in network.state_dict().items()}
