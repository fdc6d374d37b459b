"""Network input: background-subtracted cubes, crops, and their symmetries."""

import numpy as np
import pytest

from ml.cubes.augment import SYMMETRIES, apply_symmetry, undo_symmetry
from ml.cubes.background_subtraction import difference
from ml.cubes.sampler import LEAST_POSITIVE, Crops, Example, crop_of
from ml.data.dataset import BadExamples


def still(seed=0, shape=(40, 12, 14)):
    """Return a cube in which nothing moves: bright stars, ramping scattered light, noise of 0.3."""
    random = np.random.default_rng(seed)
    stars = random.exponential(50, shape[1:])
    return stars + np.linspace(0, 30, shape[0])[:, None, None] + 0.3 * random.standard_normal(shape)


def test_what_stands_still_is_gone_and_the_rest_is_in_units_of_the_noise():
    change, measured = difference(still())
    assert measured.all()
    assert change.dtype == np.float32
    assert abs(np.median(change)) < 0.02
    assert change.std() == pytest.approx(1, abs=0.1)


def test_a_mover_stays():
    flux = still()
    for frame in range(12):
        flux[frame, 6, frame] += 3.0
    change, _ = difference(flux)
    path = change[np.arange(12), 6, np.arange(12)]
    assert path.mean() == pytest.approx(10, abs=2)


def test_a_noisy_frame_is_as_loud_as_the_others():
    flux = still()
    flux[5] += 3 * np.random.default_rng(1).standard_normal(flux.shape[1:])
    change, _ = difference(flux)
    assert change[5].std() < 2


def test_nan_is_empty_sky_and_told():
    flux = still()
    flux[3, 2], flux[:, 0, 0], flux[7] = np.nan, np.inf, np.nan
    change, measured = difference(flux)
    assert np.isfinite(change).all()
    assert (change[~measured] == 0).all()
    np.testing.assert_array_equal(measured, np.isfinite(flux))
    assert change[measured].std() == pytest.approx(1, abs=0.1)


def test_a_cube_without_noise_or_values_is_no_error():
    assert (difference(np.full((5, 4, 4), 7.0))[0] == 0).all()
    change, measured = difference(np.full((5, 4, 4), np.nan))
    assert (change == 0).all()
    assert not measured.any()
    with pytest.raises(ValueError, match="three axes"):
        difference(np.zeros((5, 4)))


def test_sixteen_symmetries_all_different_all_undone():
    cube = np.arange(4 * 5 * 5).reshape(4, 5, 5)
    ways = [apply_symmetry(cube, way) for way in range(SYMMETRIES)]
    assert len({way.tobytes() for way in map(np.ascontiguousarray, ways)}) == SYMMETRIES == 16
    for number, way in enumerate(ways):
        np.testing.assert_array_equal(undo_symmetry(way, number), cube)
        np.testing.assert_array_equal(np.sort(way, axis=None), np.sort(cube, axis=None))
    with pytest.raises(ValueError, match="not 16"):
        apply_symmetry(cube, 16)


def test_time_never_changes_places_with_space():
    """Frames stay frames: sorted, each transformed frame is one of the cube's."""
    cube = np.arange(3 * 4 * 4).reshape(3, 4, 4)
    frames = {tuple(frame.ravel()) for frame in cube}
    for way in range(SYMMETRIES):
        assert {tuple(sorted(frame.ravel())) for frame in apply_symmetry(cube, way)} == frames


def example(shape=(32, 32, 32), voxels=200, number=1, seed=0):
    mask = np.zeros(shape, np.uint8)
    mask.ravel()[np.random.default_rng(seed).choice(mask.size, voxels, replace=False)] = number
    return Example(f"c{seed}", f"c{seed}", mask[None].astype(np.float16) * 3, mask)


def test_every_batch_holds_a_hundred_voxels_of_movers():
    crops = Crops([example(voxels=2000), example(voxels=0, seed=1)], 16, 2, seed=0)
    for _ in range(30):
        batch = crops.draw()
        assert batch.truth.shape == batch.measured.shape == (2, 16, 16, 16)
        assert batch.channels.shape == (2, 1, 16, 16, 16)
        assert batch.truth.sum() >= LEAST_POSITIVE
        np.testing.assert_array_equal(batch.channels[:, 0] > 0, batch.truth > 0)  # turned alike


def test_the_same_seed_draws_the_same_crops():
    one, other = (Crops([example(voxels=4000)], 16, 2, seed=4).draw() for _ in range(2))
    np.testing.assert_array_equal(one.channels, other.channels)


def test_small_cubes_are_padded_with_what_was_not_measured():
    batch = Crops([example((8, 10, 12), 300)], 16, 1, seed=0).draw()
    assert batch.measured.sum() == 8 * 10 * 12
    assert batch.truth.sum() == 300
    assert crop_of(np.ones((3, 3, 3)), (1, 0, 0), (2, 3, 4)).sum() == 2 * 3 * 3


def test_too_few_voxels_of_movers():
    with pytest.raises(BadExamples, match="rarely contain 100 voxels"):
        Crops([example(voxels=30)], 16, 2, seed=0).draw()
    with pytest.raises(BadExamples, match="No cube has a voxel of a mover"):
        Crops([example(voxels=0)], 16, 2, seed=0)
