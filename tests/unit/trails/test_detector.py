"""A detector shared between threads: compiled once, with the same results and a bounded cache."""

import gc
import weakref

import numpy as np
import pytest

from ml.models.trail import trail_net
from ml.trails import detector as of_trails
from ml.trails.detector import KEPT, LearnedDetector
from ml.trails.resumable_scan import sweep
from tests.unit.trails.skies import noisy


@pytest.fixture
def compiled(monkeypatch):
    """Return the compiled shapes, each with a weak reference to its network."""
    made = []
    compile_run = of_trails.compile_run

    def noted(network, shape, **how):
        run = compile_run(network, shape, **how)
        made.append((shape, weakref.ref(run)))
        return run

    monkeypatch.setattr(of_trails, "compile_run", noted)
    return made


@pytest.fixture(params=["openvino", "torch"])
def detector(request):
    return LearnedDetector(trail_net(6, 0), threads=1, device="cpu", engine=request.param)


def shapes(compiled):
    return [shape for shape, _ in compiled]


def test_threads_share_what_was_compiled_before(detector, compiled, monkeypatch):
    monkeypatch.setenv("WANDERERS_THREADS", "3")
    images = [noisy((128, 128), seed=seed)[None, None] for seed in range(8)]
    alone = [detector.run(image) for image in images]
    for _ in range(2):
        for maps, (_, together) in zip(alone, sweep(detector.run, images), strict=True):
            np.testing.assert_array_equal(together, maps)
    assert shapes(compiled) == [(1, 128, 128)]


def test_threads_that_begin_together_compile_once(detector, compiled):
    list(sweep(detector.run, [np.zeros((1, 1, 64, 64), np.float32)] * 6, 6))
    assert shapes(compiled) == [(1, 64, 64)]


def test_only_so_many_shapes_are_kept(detector, compiled):
    sides = [32 * n for n in range(1, KEPT + 3)]
    for side in sides:
        detector.run(np.zeros((1, 1, 32, side), np.float32))
    gc.collect()
    assert [run() is not None for _, run in compiled] == [False] * 2 + [True] * KEPT
    detector.run(np.zeros((1, 1, 32, sides[-1]), np.float32))
    assert len(compiled) == len(sides)
    detector.run(np.zeros((1, 1, 32, sides[0]), np.float32))
    assert len(compiled) == len(sides) + 1
