"""OpenVINO's streams give the same numbers as torch, in the order of the stamps."""

import threading

import numpy as np
import pytest
import torch

from ml.data.preprocessing import native
from ml.inference.feature_extractor import Backbone
from ml.inference.runtime import BATCH, compile_run, part_of
from ml.models.residual import ResidualNet

CPU = torch.device("cpu")
STEP = part_of((1, 4, 4))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return ResidualNet(1).eval()


@pytest.fixture
def first_pixel():
    """Return a run over four streams whose output identifies its input stamp."""
    return compile_run(FirstPixel(), (1, 4, 4), device=CPU, engine="openvino", threads=2, streams=4)


class FirstPixel(torch.nn.Module):
    num_features = 1

    def forward(self, x):
        return x[:, 0, 0, :1]


@pytest.mark.parametrize("n", [0, 1, STEP - 1, STEP, STEP + 1, BATCH, BATCH + 1, 10 * BATCH + 3])
def test_answers_keep_the_order_of_the_stamps(first_pixel, n):
    stamps = np.repeat(np.arange(n, dtype=np.float32), 16).reshape(n, 1, 4, 4)
    assert np.array_equal(first_pixel(stamps), np.arange(n, dtype=np.float32)[:, None])


def test_views_are_read_as_what_they_show(first_pixel):
    stamps = np.arange(40 * 16, dtype=np.float32).reshape(40, 1, 4, 4)
    turned = np.rot90(stamps, axes=(-2, -1))[..., ::-1]
    assert np.array_equal(first_pixel(turned)[:, 0], turned[:, 0, 0, 0])


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_several_batches_are_answered_one_after_the_other(engine):
    run = compile_run(FirstPixel(), (1, 4, 4), device=CPU, engine=engine, streams=2)
    batches = [np.full((n, 1, 4, 4), n, np.float32) for n in (STEP + 1, 1, 2 * STEP)]
    assert run(*batches)[:, 0].tolist() == [STEP + 1] * (STEP + 1) + [1] + [2 * STEP] * 2 * STEP


def test_threads_that_share_a_run_get_their_own_answers(first_pixel):
    wrong = []

    def ask(number):
        for _ in range(20):
            answers = first_pixel(np.full((STEP * 3 + 1, 1, 4, 4), number, np.float32))
            wrong.extend(answers[answers != number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("n", [0, 1, BATCH + 1])
def test_both_engines_agree(network, n, random):
    stamps = random.normal(50, 4, (n, 1, 1, 70, 66)).astype(np.float32)
    ours = Backbone(network, native(1), engine="openvino").unrounded(stamps)
    reference = Backbone(network, native(1), device="cpu", engine="torch").unrounded(stamps)
    assert ours.shape == (n, 1, 256)
    assert np.allclose(ours, reference, rtol=0, atol=1e-4 * np.abs(reference).max(initial=0))


def test_stored_features_are_the_same_in_sixteen_bits(network, random):
    stamps, backbone = random.normal(50, 4, (3, 2, 1, 64, 64)), Backbone(network, native(1), device="cpu")
    assert np.array_equal(backbone.features(stamps), backbone.unrounded(stamps).astype(np.float16))
