"""Movers injected into mover-free cubes, as training data without masks."""

import numpy as np

from ml.cubes.sampler import injected

QUIET = 40 + np.random.default_rng(0).normal(0, 3, (20, 32, 32)).astype(np.float32)


def draw(flux=QUIET, seed=1):
    return injected(flux, "a-0", "a", cadence=1800.0, seed=seed)


def test_what_the_mask_marks_is_brighter_than_the_rest():
    made = draw()
    assert made.mask.any()
    fast = made.channels[0].astype(float)
    assert fast[made.mask > 0].mean() > fast[made.mask == 0].mean() + 0.5


def test_movers_stand_as_far_above_the_noise_in_any_unit():
    np.testing.assert_allclose(draw(QUIET * 50).channels.astype(float), draw().channels.astype(float), atol=0.05)


def test_the_same_seed_draws_the_same_movers():
    np.testing.assert_array_equal(draw().mask, draw().mask)
    assert (draw(seed=2).mask != draw().mask).any()


def test_what_was_not_measured_is_neither_mover_nor_sky():
    flux = QUIET.copy()
    flux[:, :8] = np.nan
    made = draw(flux)
    assert not made.measured[:, :8].any()
    assert made.measured[:, 8:].all()
    assert not made.mask[:, :8].any()
    assert (made.channels[:, :, :8] == 0).all()
