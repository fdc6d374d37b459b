"""Features and scores of pixels: both engines agree, one key for all heads."""

import numpy as np
import pytest

from ml.data.dataset import Examples
from ml.inference.checkpoint import BadCheckpoint
from ml.inference.explanation import GRID, explain
from ml.inference.feature_extractor import default_backbone
from ml.inference.runtime import choose_engine
from ml.inference.scorer import Scorer
from ml.roles.train_role import train
from tests.unit.conftest import labelled


@pytest.fixture(scope="module")
def stamps():
    stamps = np.random.default_rng(2).normal(50, 4, (24, 1, 1, 63, 63)).astype(np.float32)
    stamps[:12, :, :, 28:35, 28:35] += 30
    return stamps


@pytest.fixture(scope="module")
def frozen():
    return default_backbone()


@pytest.fixture(scope="module")
def checkpoint(stamps, frozen):
    targets = np.repeat(np.eye(2, dtype=np.float32), 12, axis=0)
    ones, groups = np.ones(24, dtype=np.float32), np.arange(24).astype(str)
    examples = Examples(targets, ones, groups, ("real", "bogus"), ("real",), features=frozen.features(stamps))
    return train("stamp", examples)


def test_openvino_and_torch_agree(checkpoint, stamps):
    ours = Scorer(checkpoint, engine="openvino").probabilities(stamps)
    reference = Scorer(checkpoint, device="cpu", engine="torch").probabilities(stamps)
    assert np.abs(ours - reference).max() < 1e-4
    assert Scorer(checkpoint).p_real(ours)[:12].min() > Scorer(checkpoint).p_real(ours)[12:].max()


def test_a_head_on_the_frozen_network_is_explained_by_what_is_in_the_middle(checkpoint, stamps):
    occlusion = explain(Scorer(checkpoint), stamps[0]).occlusion[0]
    assert np.argwhere(occlusion == occlusion.max())[0] == pytest.approx([GRID / 2 - 0.5] * 2, abs=1.5)
    assert occlusion.max() > 0.1


def test_all_heads_on_the_frozen_backbone_share_its_key(checkpoint, frozen):
    assert Scorer(checkpoint).feature_key == frozen.feature_key
    assert Scorer(checkpoint).backbone.feature_key == frozen.feature_key


def test_any_number_of_subjects_and_frames(frozen, stamps):
    tracklets = np.repeat(stamps[:5], 3, axis=1)
    features = frozen.features(tracklets)
    assert features.shape == (5, 3, 1280)
    assert features.dtype == np.float16
    assert np.array_equal(features[:, 0], features[:, 2])
    assert frozen.features(tracklets[:0]).shape == (0, 3, 1280)


def test_no_subjects_have_no_probabilities(checkpoint, stamps):
    scorer = Scorer(checkpoint)
    assert scorer.probabilities(stamps[:0]).shape == (0, len(scorer.classes))


def test_a_stamp_does_not_depend_on_its_batch(frozen, stamps):
    assert np.allclose(frozen.features(stamps)[7], frozen.features(stamps[7:8])[0], atol=2e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, ">i2", np.uint16, ">f4", np.float64])
def test_every_number_type_is_read(frozen, stamps, dtype):
    whole = np.round(stamps[:2]).clip(0, 255)
    assert np.allclose(frozen.features(whole.astype(dtype)), frozen.features(whole), atol=1e-2)


def test_nan_pixels_count_as_sky(frozen, stamps):
    holed = stamps[:2].copy()
    holed[..., :3, :] = np.nan
    assert np.isfinite(frozen.features(holed)).all()
    assert np.isfinite(frozen.features(np.full_like(holed, np.nan))).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_one_to_four_channels(stamps, channels):
    frozen = default_backbone(device="cpu", engine="torch")
    assert frozen.features(np.repeat(stamps[:1], channels, axis=2)).shape == (1, 1, 1280)


def test_five_channels_are_refused(frozen, stamps):
    with pytest.raises(ValueError, match="1 to 4 channels; this one has 5"):
        frozen.features(np.repeat(stamps[:1], 5, axis=2))


def test_a_checkpoint_of_another_backbone_is_refused(checkpoint, stamps):
    other = type(checkpoint)({**checkpoint.manifest, "feature_key": "0" * 16}, checkpoint.tensors)
    with pytest.raises(BadCheckpoint, match="Restore them, or train again"):
        Scorer(other).features(stamps)


def test_no_class_of_real_but_labels_given(kinds):
    examples = labelled(kinds)
    examples.positive = ()
    with pytest.raises(ValueError, match="Name them with --positive"):
        train("stamp", examples)


def test_an_unknown_engine_is_named():
    with pytest.raises(ValueError, match="no engine 'abacus'"):
        choose_engine("abacus", None)
