"""Subjects for the learning tests: easy to learn, quick to make."""

import numpy as np
import pytest

from ml.data.dataset import Examples, allowed

CLASSES = ("AST", "STREAK", "CR", "NOISE")
POSITIVE = ("AST", "STREAK")


def labelled(kinds, *, features=None, pixels=None, labels=None) -> Examples:
    """Return examples of the four classes with a label each, or the labels given."""
    labels = [CLASSES[kind] for kind in kinds] if labels is None else labels
    return Examples(
        allowed(labels, CLASSES, POSITIVE),
        np.ones(len(kinds), dtype=np.float32),
        np.arange(len(kinds)).astype(str),
        CLASSES,
        POSITIVE,
        features=features,
        pixels=pixels,
    )


@pytest.fixture
def random():
    return np.random.default_rng(1)


@pytest.fixture
def kinds(random):
    return random.permutation(np.arange(240) % 4)


@pytest.fixture
def features(random, kinds):
    """Return features (240, 4, 48) whose classes overlap a little."""
    centres = random.normal(size=(4, 48)) * 0.35
    return (centres[kinds][:, None] + random.normal(size=(240, 4, 48))).astype(np.float16)


@pytest.fixture
def pixels(random, kinds):
    """Return single-channel stamps (240, 1, 1, 40, 40): real ones have a source in the middle, bogus ones do not."""
    y, x = np.mgrid[-20:20, -20:20]
    source = 40 * np.exp(-(x**2 + y**2) / 8)
    stamps = random.normal(100, 3, (240, 1, 1, 40, 40))
    stamps[kinds < 2] += source
    return stamps.astype(np.float32)
