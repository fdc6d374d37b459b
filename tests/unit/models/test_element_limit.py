"""A network that is larger than its weights is refused before it takes memory."""

import pytest
import torch
from torch import nn

from ml.models.element_limit import ElementLimit, TooManyElements


def test_a_network_of_its_tensors_size_is_built():
    tensors = nn.Linear(5000, 5000).state_dict()
    with ElementLimit(tensors):
        assert nn.Linear(5000, 5000).weight.shape == (5000, 5000)


def test_a_larger_one_is_not():
    with ElementLimit({}), pytest.raises(TooManyElements, match="larger than the weights"):
        nn.Linear(10_000_000, 10_000_000)


def test_many_small_layers_count():
    with ElementLimit({}), pytest.raises(TooManyElements):
        nn.Sequential(*(nn.Linear(1, 1) for _ in range(10_000)))


def test_nothing_is_limited_afterwards():
    with ElementLimit({}):
        pass
    assert torch.empty(20_000_000).numel() == 20_000_000
