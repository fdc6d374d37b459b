"""Sliding windows: nothing left out, nothing counted twice, no seams."""

import numpy as np
import pytest
import torch

from ml.cubes.augment import apply_symmetry
from ml.cubes.model import CubeModel
from ml.cubes.sliding_window import coverage, slide, starts, windows
from ml.models.wnet import WNet

CUBE = np.random.default_rng(0).standard_normal((13, 10, 11)).astype(np.float32)


def squashed(window):
    return 1 / (1 + np.exp(-window))


@pytest.mark.parametrize("step", [(1, 1, 1), (3, 2, 4), (4, 4, 4)])
def test_what_looks_at_single_voxels_gives_the_same_in_windows(step):
    np.testing.assert_allclose(slide(CUBE, squashed, (4, 4, 4), step), squashed(CUBE), rtol=1e-5)


def test_a_window_that_covers_the_cube_is_the_whole():
    mean = np.full(CUBE.shape, CUBE.mean())
    assert np.allclose(slide(CUBE, lambda window: np.full_like(window, window.mean()), CUBE.shape, (1, 1, 1)), mean)


def test_each_frame_is_the_mean_of_its_windows():
    """The paper's count: frame t of T is in min(t, w, T - w + 1, T - t + 1) windows of w frames, at stride one."""
    T, w = 13, 4
    counts = coverage((T, 4, 4), (w, 4, 4), (1, 4, 4))[:, 0, 0]
    assert counts.tolist() == [min(t, w, T - w + 1, T - t + 1) for t in range(1, T + 1)]
    # A window that says its own first flux: each frame gets the mean over the windows that hold it.
    first = slide(CUBE[:, :4, :4], lambda window: np.full_like(window, window[0, 0, 0]), (w, 4, 4), (1, 4, 4))
    for t in range(T):
        begins = [s for s in range(T - w + 1) if s <= t < s + w]
        assert first[t, 1, 1] == pytest.approx(CUBE[begins, 0, 0].mean(), abs=1e-5)


def test_no_seams_where_windows_meet():
    ones = slide(np.zeros((70, 20, 33), np.float32), np.ones_like, (16, 16, 16), (8, 8, 8))
    assert (ones == 1).all()


def test_windows_reach_the_end_and_no_farther():
    assert starts(10, 4, 4) == [0, 4, 6]
    assert starts(4, 4, 2) == [0]
    assert len(list(windows((8, 8, 8), (4, 4, 4), (4, 4, 4)))) == 8
    with pytest.raises(ValueError, match="A step must be"):
        slide(CUBE, squashed, (4, 4, 4), (5, 1, 1))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return WNet((2, 3), 1).eval()


def test_a_small_cube_is_padded_and_cut_back(network):
    assert CubeModel(network, device="cpu").probabilities(CUBE[None, :5, :3, :7]).shape == (5, 3, 7)


def test_the_window_that_covers_the_cube_is_the_network_itself(network):
    cube = CUBE[None, :12, :10, :10]
    with torch.no_grad():
        whole = network(torch.from_numpy(cube)[None]).sigmoid()[0, 0].numpy()
    np.testing.assert_allclose(CubeModel(network, device="cpu").probabilities(cube), whole, atol=1e-6)


def test_looked_at_in_all_ways_a_turned_cube_gets_turned_probabilities(network):
    cube = CUBE[None, :12, :10, :10]
    once, always = (CubeModel(network, tta=tta, device="cpu") for tta in (1, 16))
    for way in (5, 14):
        turn = np.ascontiguousarray(apply_symmetry(cube, way))
        np.testing.assert_allclose(
            always.probabilities(turn), apply_symmetry(always.probabilities(cube), way), atol=1e-5
        )
        assert not np.allclose(once.probabilities(turn), apply_symmetry(once.probabilities(cube), way), atol=1e-5)
    with pytest.raises(ValueError, match="1 to 16, not 17"):
        CubeModel(network, tta=17, device="cpu")


def test_a_network_reads_only_the_channels_that_it_was_trained_on(network):
    channels = np.stack([CUBE[:12, :10, :10]] * 3)
    channels[1:] += 5
    model = CubeModel(network, device="cpu")
    np.testing.assert_array_equal(model.probabilities(channels), model.probabilities(channels[:1]))
    every = CubeModel(WNet((2, 3), 1, channels=3), device="cpu")
    without = np.stack([*channels[:2], np.zeros_like(channels[2])])
    assert not np.allclose(every.probabilities(channels), every.probabilities(without))


def test_a_larger_cube_takes_no_larger_window(network):
    model, seen = CubeModel(network, window=8, step=2, device="cpu"), []
    inner = model._window
    model._window = lambda window: seen.append(window.shape) or inner(window)
    p = model.probabilities(np.zeros((1, 20, 9, 8), np.float32))
    assert set(seen) == {(1, 8, 8, 8)}
    assert len(seen) == 7 * 2
    assert np.isfinite(p).all()
