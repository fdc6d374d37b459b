"""Heads on the sky backbone by input: whether another crop, size or stretch than the default's would do better."""

from dataclasses import replace

from bench.backbone.curve import label_curve, with_features
from ml.data.dataset import Examples
from ml.data.preprocessing import SKY_FROZEN
from ml.inference.feature_extractor import Backbone

FAST = replace(SKY_FROZEN, tta=2)  # two symmetries instead of eight, for speed
INPUTS = {
    "default": FAST,
    "middle 32 pixels": replace(FAST, crop=32),
    "middle 48 pixels": replace(FAST, crop=48),
    "middle 96 pixels": replace(FAST, crop=96),
    "resized to 96 pixels": replace(FAST, size_single=96, size_multi=96),
    "linear": replace(FAST, stretch="linear_noise"),
    "asinh above 3 σ": replace(FAST, softening=3.0),
    "asinh above 30 σ": replace(FAST, softening=30.0),
}
"""The default, and what differs from it in one thing; stamps of fewer pixels are seen whole."""
STAMPS, LABELS = 1200, (50, 200)


def input_curve(examples: Examples, network: Backbone, name: str, seeds: range) -> dict[str, list[float]]:
    """Return, by number of labels, the AUC of heads on this input of the stamps, for each seed."""
    backbone = Backbone(network.network, INPUTS[name])
    known = with_features(examples, backbone)
    assert known.features is not None
    return label_curve(known, backbone.parts(known.features.shape[-1]), LABELS, seeds)
