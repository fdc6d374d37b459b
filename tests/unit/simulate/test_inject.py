"""Movers injected into existing pixels."""

import numpy as np
import pytest

from ml.simulate.injection.stamp_injection import inject, is_empty, noise_of, recentre


def sky(frames=2, channels=2, side=41, sigma=3.0, level=100.0, seed=0):
    noise = np.random.default_rng(seed).normal(level, sigma, (frames, channels, side, side))
    return noise.astype(np.float32)


def added(before, after):
    return after.astype(float) - before.astype(float)


def test_the_matched_filter_finds_the_wanted_snr_at_the_wanted_place():
    before = sky()
    x, y = np.array([12.0, 25.0]), np.array([20.0, 30.0])
    light = added(before, inject(before, x, y, snr=np.array([6.0, 12.0]), fwhm=2.4))
    for frame, (snr, at) in enumerate(zip((6, 12), zip(x, y, strict=True), strict=True)):
        for channel in range(2):
            template = light[frame, channel]
            found = np.sqrt(np.sum(template**2)) / noise_of(before)[frame, channel]
            assert found == pytest.approx(snr, rel=1e-3)
            down, right = np.mgrid[:41, :41]
            centre = (np.sum(right * template), np.sum(down * template)) / np.sum(template)
            assert centre == pytest.approx(at, abs=0.02)


@pytest.mark.parametrize(("dx", "dy"), [(3, -5), (-4, 0), (0, 0)])
def test_frames_are_moved_by_whole_pixels_and_filled_with_their_own_sky(dx, dy):
    before = sky(side=41)
    before[:, :, 5:8, 5:8] += 1000  # a star
    before[:, 1, 20] = np.nan
    after = recentre(before, dx, dy, np.random.default_rng(1))
    assert (after.shape, after.dtype) == (before.shape, before.dtype)
    assert np.array_equal(after[:, :, 10:30, 10:30], before[:, :, 10 + dy : 30 + dy, 10 + dx : 30 + dx], equal_nan=True)
    assert noise_of(after) == pytest.approx(noise_of(before), rel=0.1)
    assert (after > 200).sum() == (before > 200).sum(), "no other star comes in"
    nothing = np.full((1, 1, 9, 9), np.nan)
    assert np.isnan(recentre(nothing, 2, 2, np.random.default_rng(1))).all()


def test_noise_is_measured_where_something_bright_stands():
    pixels = sky(sigma=5.0, side=101)
    pixels[:, :, 40:45, 40:45] += 10_000
    assert noise_of(pixels) == pytest.approx(5.0, rel=0.05)


def test_a_trail_is_as_long_as_the_motion_and_lies_along_it():
    before = np.random.default_rng(1).normal(0, 1, (1, 1, 61, 61))
    light = added(
        before, inject(before, np.array([30.0]), np.array([30.0]), snr=50.0, fwhm=2.0, length=20.0, angle=0.5)
    )
    down, right = np.mgrid[:61, :61] - 30.0
    weight = light[0, 0] / light.sum()
    along, across = right * np.cos(0.5) + down * np.sin(0.5), down * np.cos(0.5) - right * np.sin(0.5)
    sigma = 2.0 / 2.354820045
    assert np.sum(weight * along**2) == pytest.approx(20**2 / 12 + sigma**2, rel=0.02)
    assert np.sum(weight * across**2) == pytest.approx(sigma**2, rel=0.05)


def test_what_has_no_value_stays_so_and_the_input_is_left_alone():
    before = sky()
    before[0, 0, 18:22, 18:22] = np.nan
    kept = before.copy()
    after = inject(before, np.full(2, 20.0), np.full(2, 20.0), snr=20.0, fwhm=2.4)
    np.testing.assert_array_equal(before, kept)
    np.testing.assert_array_equal(np.isnan(after), np.isnan(before))
    assert after.dtype == before.dtype
    nothing = np.full((1, 1, 9, 9), np.nan)
    np.testing.assert_array_equal(inject(nothing, np.array([4.0]), np.array([4.0]), snr=5.0, fwhm=2.0), nothing)


def test_integers_are_rounded_and_stay_in_their_range():
    before = np.random.default_rng(2).integers(65_400, 65_536, (1, 1, 31, 31), dtype=np.uint16)
    after = inject(before, np.array([15.0]), np.array([15.0]), snr=200.0, fwhm=2.4)
    assert after.dtype == np.uint16
    assert after[0, 0, 15, 15] == 65_535
    assert (after >= before).all()


def test_a_template_stays_dark():
    before = sky()
    light = added(before, inject(before, np.full(2, 20.0), np.full(2, 20.0), snr=9.0, fwhm=2.4, lit=np.array([1, 0])))
    assert light[:, 0].max() > 5
    assert (light[:, 1] == 0).all()


def test_a_place_is_empty_until_something_stands_there():
    before = sky()
    assert is_empty(before, 20, 20, radius=4)
    assert not is_empty(inject(before, np.full(2, 20.0), np.full(2, 20.0), snr=30.0, fwhm=2.4), 20, 20, radius=4)
    before[1, 1, 20, 20] = np.nan
    assert not is_empty(before, 20, 20, radius=4)
    assert not is_empty(before, 200, 20, radius=4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"snr": 0.0}, "above 0"), ({"fwhm": -1.0}, "above 0"), ({"length": -1.0}, "at least 0")],
)
def test_what_cannot_be_is_refused(changes, message):
    options = {"snr": 5.0, "fwhm": 2.0, "length": 0.0} | changes
    with pytest.raises(ValueError, match=message):
        inject(sky(), np.zeros(2), np.zeros(2), **options)
    with pytest.raises(ValueError, match="four axes"):
        inject(np.zeros((3, 3)), np.zeros(1), np.zeros(1), snr=5.0, fwhm=2.0)
