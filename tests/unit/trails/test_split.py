"""Which images of a trail detector train its network, and which its candidate classifier."""

import numpy as np
import pytest

from ml.imaging.background import in_noise
from ml.trails import train_detector as module
from ml.trails.patch_sampler import Labelled
from ml.trails.train_detector import TrainingSet, train_detector
from tests.unit.trails.skies import line, noisy, trail


@pytest.fixture
def used(monkeypatch):
    """Return lists of the images that each network, and each classifier, was trained on."""
    monkeypatch.setattr("ml.trails.network_training.ROUNDS", 1)
    monkeypatch.setattr("ml.trails.network_training.BATCH", 1)
    used = {"network": [], "classifier": []}
    train_network, train_classifier = module.train_network, module.train_candidate_classifier

    def network(net, images, **settings):
        used["network"].append(list(images))
        return train_network(net, images, **settings)

    def classifier(net, images, seed):
        used["classifier"].append(list(images))
        return train_classifier(net, images, seed)

    monkeypatch.setattr(module, "train_network", network)
    monkeypatch.setattr(module, "train_candidate_classifier", classifier)
    return used


def images(n):
    """Return n images, of which every second one has a trail."""
    curve = line(20, 30, 100, 90)
    skies = [in_noise(noisy((128, 128), *[curve] * (k % 2), seed=k)).astype(np.float16) for k in range(n)]
    return [Labelled(sky, [trail(curve)] if k % 2 else []) for k, sky in enumerate(skies)]


def train(rows, base=None, seed=0):
    groups = np.array([f"field-{k}" for k in range(len(rows))])
    return train_detector(TrainingSet(rows, groups, known=True), steps=1, base=base, seed=seed)


def among(some, others):
    return {id(one) for one in some} & {id(one) for one in others}


def test_no_classifier_sees_images_of_its_network_or_of_the_one_before(used):
    rows = images(30)
    first = train(rows[:12])
    train(rows, first, seed=5)
    (before, now), (_, classifier) = used["network"], used["classifier"]
    assert len(classifier) >= 3
    assert not among(classifier, now)
    assert not among(classifier, before)
    assert len(now) + len(classifier) == 30


def test_images_of_a_detector_too_small_to_split_are_never_held_out_later(used):
    rows = images(30)
    first = train(rows[:4])
    assert len(used["network"][0]) == len(used["classifier"][0]) == 4
    train(rows, first)
    assert not among(used["classifier"][1], rows[:4])


def test_without_new_images_the_classifier_of_the_base_stays(used):
    rows = images(4)
    again = train(rows, train(rows))
    assert again.manifest["examples"] == 4
