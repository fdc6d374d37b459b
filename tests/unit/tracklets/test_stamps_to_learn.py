"""Which stamps of tracklets a network is trained on, and which validate it."""

import dataclasses

import numpy as np
import pytest

from ml.data.dataset import BadExamples
from ml.tracklets.tracklet_stamps import apart
from ml.tracklets.two_stage import stamps_to_learn
from tests.unit.conftest import labelled


@pytest.fixture
def examples(kinds, pixels):
    """Return 200 tracklets of three stamps; every tenth is a satellite's, whose stamps look real."""
    few = labelled(kinds[:200], pixels=np.repeat(pixels[:200, :, :, :4, :4], 3, axis=1))
    return dataclasses.replace(few, applies_to_stamps=np.arange(200) % 10 > 0)


def test_all_tracklets_that_the_network_has_not_seen_validate_it(examples):
    train, rest = examples.split(0.3)
    found = stamps_to_learn(apart(examples), train, rest)
    learnt, judged = (set(found.groups[rows]) for rows in found.split())
    told = examples.applies_to_stamps
    assert learnt == set(examples.groups[train[told[train]]])
    assert judged == set(examples.groups[rest[told[rest]]])
    assert len(judged) > 30


def test_stamps_of_one_kind_train_no_network(examples):
    train, rest = examples.split(0.3)
    with pytest.raises(BadExamples, match="of one kind"):
        stamps_to_learn(apart(examples), train[examples.real()[train] > 0.5], rest)
