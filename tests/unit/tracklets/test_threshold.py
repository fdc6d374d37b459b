"""The tracklet threshold when some of people's labels are wrong."""

import numpy as np

from ml.inference.scorer import Scorer
from ml.roles import train
from ml.tracklets.two_stage import FEWEST_CERTAIN, choose_threshold
from tests.unit.tracklets.test_tracklet_nets import learnable, night


def called_real(weight):
    """Return whether tracklets are called real, and whether they are, with a tenth of the bogus ones labelled real."""
    random = np.random.default_rng(3)
    features, tracks, real = night(random, np.full(300, 4))
    mistaken = ~real & (random.random(300) < 0.1)
    examples = learnable(features, tracks, real | mistaken)
    examples.weights = np.where(random.random(300) < 0.5, 1, weight).astype(np.float32)
    examples.weights[mistaken] = weight
    checkpoint = train.train("tracklet", examples)
    p = Scorer(checkpoint).probabilities_from_features(features, tracks)[:, 1]
    return p >= checkpoint.manifest["threshold"], real


def test_the_threshold_is_chosen_by_labels_that_are_certain():
    called, real = called_real(weight=0.95)
    assert called[real].mean() > 0.95
    assert called[~real].mean() < 0.3
    called, real = called_real(weight=1.0)
    assert called[~real].mean() > 0.5, "no label is known to be surer than another"


def test_where_few_labels_are_certain_some_may_be_wrong():
    """The threshold was .002 because one in fifty "real" tracklets was mislabelled and looked like nothing."""
    random = np.random.default_rng(5)
    kinds = np.arange(400) < 200
    p = np.where(kinds, random.uniform(0.8, 1, 400), random.uniform(0, 0.2, 400)).astype(np.float32)
    p[:4] = 0.002
    weights = np.full(400, 0.97, dtype=np.float32)
    assert choose_threshold(kinds, p, weights, 0.996) > 0.7
    assert choose_threshold(kinds, p, np.ones_like(weights), 0.996) < 0.01, "certain labels are kept"
    weights[:FEWEST_CERTAIN] = 1
    assert choose_threshold(kinds, p, weights, 0.996) < 0.01
