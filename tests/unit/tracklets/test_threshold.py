"""The tracklet threshold when some of people's labels are wrong."""

import numpy as np
import pytest
from scipy.special import expit

from ml.inference.scorer import Scorer
from ml.roles import train_role
from ml.tracklets.threshold import choose_threshold
from ml.training.calibration import fit_noisy_platt
from tests.unit.tracklets.test_tracklet_nets import learnable, night


def test_wrong_labels_move_the_threshold_of_a_model_little():
    """A tenth of the bogus tracklets are labelled real; certain labels say the same without them."""
    random = np.random.default_rng(3)
    features, tracks, real = night(random, np.full(300, 4))
    mistaken = ~real & (random.random(300) < 0.1)
    examples = learnable(features, tracks, real | mistaken)
    examples.weights = np.where(random.random(300) < 0.5, 1, 0.95).astype(np.float32)
    examples.weights[mistaken] = 0.95
    checkpoint = train_role.train("tracklet", examples)
    called = Scorer(checkpoint).probabilities_from_features(features, tracks)[:, 1] >= checkpoint.manifest["threshold"]
    assert called[real].mean() > 0.95
    assert called[~real].mean() < 0.3


def consensus(random, n_real, n_bogus, wrong):
    """Return logits, labels of which a fraction is wrong, and the truth."""
    truth = np.arange(n_real + n_bogus) < n_real
    logits = random.normal(np.where(truth, 2.5, -3.5), 1.0)
    flipped = random.random(len(truth)) < wrong
    return logits, truth ^ flipped, truth


@pytest.mark.parametrize("seed", range(8))
def test_few_labels_of_which_some_are_wrong_keep_real_and_reject_bogus(seed):
    """The threshold was .01, and let most bogus through, where one of sixty "real" tracklets was mislabelled."""
    random = np.random.default_rng(seed)
    logits, kinds, _ = consensus(random, 60, 115, 0.03)
    fitted = fit_noisy_platt(logits, kinds, np.full(len(kinds), 0.98))
    threshold = choose_threshold(expit(fitted.scale * logits + fitted.shift), fitted.real, 0.996)
    later, _, truth = consensus(random, 4000, 4000, 0)
    called = expit(fitted.scale * later + fitted.shift) >= threshold
    assert called[truth].mean() > 0.98
    assert called[~truth].mean() < 0.1


def test_calibration_finds_the_wrong_labels_and_is_not_flattened_by_them():
    random = np.random.default_rng(1)
    logits, kinds, truth = consensus(random, 300, 600, 0.03)
    clean = fit_noisy_platt(logits, truth, np.ones(900))
    noisy = fit_noisy_platt(logits, kinds, np.full(900, 0.98))
    assert noisy.scale == pytest.approx(clean.scale, rel=0.25)
    assert ((noisy.real > 0.5) == truth).mean() > 0.99


def test_certain_labels_stay_what_they_say_and_are_kept():
    """One in fifty real tracklets looks like nothing: where that is certain, the threshold keeps it."""
    random = np.random.default_rng(5)
    kinds = np.arange(800) < 400
    logits = random.normal(np.where(kinds, 3, -3), 0.5)
    logits[:8] = -6
    certain = fit_noisy_platt(logits, kinds, np.ones(800))
    assert np.array_equal(certain.real, kinds)
    p = expit(logits)
    assert choose_threshold(p, certain.real, 0.996) < 0.01
    doubtful = fit_noisy_platt(logits, kinds, np.full(800, 0.97))
    assert choose_threshold(p, doubtful.real, 0.996) > 0.5
    assert doubtful.real[:8].max() < 0.5


def test_all_are_kept_where_that_is_asked_and_none_is_no_threshold():
    p = np.array([0.9, 0.2, 0.8, 0.1])
    real = np.array([1.0, 1.0, 0.0, 0.0])
    assert choose_threshold(p, real, 1.0) == 0.2
    assert choose_threshold(p, real, 0.5) == 0.9
    assert np.isnan(choose_threshold(p, np.zeros(4), 0.996))
