"""Explanations: single detections, leaving one out, and the parts of a frame that matter."""

import numpy as np
import pytest
import torch

from ml.data.tracklet_frames import stacked
from ml.inference.checkpoint import Checkpoint
from ml.inference.explanation import GRID, explain
from ml.inference.scorer import Scorer
from ml.models.deep_sets import SetNet
from ml.sky.tracklet_features import NAMES
from tests.unit.conftest import CLASSES, POSITIVE
from tests.unit.sky.test_motion import mover

MANIFEST = {"classes": list(CLASSES), "positive": list(POSITIVE), "feature_key": "corners"}
ROUNDING = 1e-6
"""A score of a batch may differ by this from the score alone: it depends on the processor's kernels."""


class Corners:
    """A network whose four features are the sums of a stamp's quarters; NaN counts as sky."""

    def unrounded(self, block):
        n, frames, _channels, height, width = block.shape
        quarters = np.nan_to_num(block).sum(2).reshape(n, frames, 2, height // 2, 2, width // 2)
        return quarters.sum((3, 5)).reshape(n, frames, 4).astype(np.float32)


@pytest.fixture
def stamps(monkeypatch):
    """Return a tracklet (4, 1, 24, 24) of integers with a source in one quarter of each frame."""
    monkeypatch.setattr(Scorer, "backbone", Corners())
    block = np.zeros((4, 1, 24, 24), dtype=np.int16)
    for frame, (row, column) in enumerate(((4, 4), (4, 16), (16, 4), (4, 4))):
        block[frame, :, row : row + 2, column : column + 2] = 1
    return block


def scorer(role):
    torch.manual_seed(1)
    net = SetNet(4, [0, 1], len(NAMES))
    torch.nn.init.normal_(net.out.weight)
    tensors = {"stamp.weight": torch.eye(4), "stamp.bias": torch.zeros(4)}
    of_tracklets = {f"tracklet.{name}": value for name, value in net.state_dict().items()}
    manifest = {**MANIFEST, "role": role, "tracklet_net": "set", "facts": list(NAMES)}
    return Scorer(Checkpoint(manifest, tensors | (of_tracklets if role == "tracklet" else {})))


def test_each_detection_is_scored_alone(stamps):
    found = explain(scorer("stamp"), stamps)
    assert found.detections.argmax(1).tolist() == [0, 1, 2, 0]
    assert np.allclose(found.detections.sum(1), 1)
    assert found.p_real == pytest.approx(found.detections[:, :2].sum(1).mean(), abs=1e-6)
    assert np.isnan(found.without).all()


def test_only_hiding_the_source_changes_the_score_and_a_bogus_one_raises_it(stamps):
    found = explain(scorer("stamp"), stamps)
    lit = np.abs(found.occlusion) > ROUNDING
    touched = np.zeros((4, GRID, GRID), dtype=bool)  # two pixels a cell, and a patch reaches a pixel beyond its own
    for frame, (row, column) in enumerate(((4, 4), (4, 16), (16, 4), (4, 4))):
        touched[frame, row // 2 - 1 : row // 2 + 2, column // 2 - 1 : column // 2 + 2] = True
    assert np.array_equal(lit, touched)
    assert (found.occlusion[[0, 1, 3]] >= -ROUNDING).all()
    assert (found.occlusion[2] <= ROUNDING).all()


def test_leaving_one_detection_out_scores_the_shorter_tracklet(stamps):
    model, frames, done = scorer("tracklet"), mover(4, 60.0), []
    found = explain(model, stamps, stacked([frames]), done.append)
    assert done == [1, 2, 3, 4]
    whole = model.probabilities(stamps[None], stacked([frames]))[0, 1]
    assert found.p_real == pytest.approx(whole, abs=1e-6)
    for left_out in range(4):
        rest = np.arange(4) != left_out
        shorter = model.probabilities(stamps[None, rest], stacked([frames[rest]]))[0, 1]
        assert found.without[left_out] == pytest.approx(shorter, abs=1e-6)


def test_a_frame_without_pixels_matters_nowhere(stamps):
    block = stamps.astype(np.float32)
    block[1] = np.nan
    found = explain(scorer("tracklet"), block)
    assert (found.occlusion[1] == 0).all()
    assert np.isfinite(found.without).all()
