import numpy as np
import pytest

from ml.simulate.euclid.cutouts import CANVAS, cut, draw_sides, shared_area, star_reach
from ml.simulate.euclid.detector import GAPS, add_ghosts, expose, open_gaps, trailing
from ml.simulate.euclid.field import euclid
from ml.simulate.euclid.stamps import stamps


def test_an_empty_exposure_holds_sky_and_its_noise():
    nothing = np.zeros((40, 3, 32, 32), np.float32)
    seen = expose(np.random.default_rng(1), nothing.copy(), nothing)
    assert seen.mean() == pytest.approx(130.6, rel=0.01)
    assert seen.std() == pytest.approx(np.sqrt(130.6 + 4.5**2), rel=0.03)


def test_charge_trails_to_one_side_and_none_is_lost():
    image = np.zeros((1, 1, 20, 20), np.float32)
    image[0, 0, 5, 7] = 1000.0
    seen = trailing(image)[0, 0]
    assert seen.sum() == pytest.approx(1000, rel=1e-4)
    assert seen[5, 7] == pytest.approx(990)
    assert seen[6, 7] > seen[7, 7] > 0
    assert seen[:5].sum() == 0


def test_ghosts_are_faint_rings_alike_in_every_dither():
    light = np.zeros((400, 3, 96, 96), np.float32)
    add_ghosts(np.random.default_rng(0), light)
    haunted = light[light.any(axis=(1, 2, 3))]
    assert 8 < len(haunted) < 35
    assert haunted.max() < 45
    np.testing.assert_array_equal(haunted[:, 0], haunted[:, 2])


def test_gaps_spare_the_object_in_its_own_dither():
    pixels = np.zeros((600, 4, 40, 40), np.float32)
    centred = np.random.default_rng(1).integers(0, 4, 600)
    open_gaps(np.random.default_rng(2), pixels, centred)
    torn = np.isnan(pixels).any(axis=(2, 3))
    assert torn.mean() == pytest.approx(GAPS, abs=0.012)
    assert np.isfinite(pixels[np.arange(600), centred, 17:23, 17:23]).all()
    assert np.isfinite(pixels).any(axis=(2, 3)).all()


@pytest.mark.parametrize("dithers", [1, 4])
def test_one_or_four_dithers(dithers):
    label = np.repeat(["SSO", "STAR"], 4)
    pixels, _ = stamps(np.random.default_rng(0), label, 40, dithers=dithers)
    assert pixels.shape == (8, dithers, 40, 40)


def test_slow_objects_hardly_move_between_four_dithers():
    """At 2 arcsec per hour the three steps of 629 s add up to 10 pixels; at 60, thirty times as far."""
    rows = {}
    for rate in (2.0, 60.0):
        pixels, measured = stamps(np.random.default_rng(3), np.repeat("SSO", 24), 64, dithers=4, rates=(rate, rate))
        bright = measured["snr"] > 40
        middle = np.nan_to_num(pixels[bright][:, :, 24:40, 24:40] - 130).sum(axis=(2, 3))
        rows[rate] = np.median(middle.min(axis=1) / middle.max(axis=1))
    assert rows[2.0] > 0.5
    assert rows[60.0] < 0.25


def test_a_row_of_new_pixels_shares_the_old_ones():
    weights = shared_area(150, 96)
    assert weights.sum(axis=1) == pytest.approx(1, rel=1e-5)
    assert weights.sum(axis=0) == pytest.approx(96 / 150, rel=1e-4)


def test_a_cut_keeps_the_level_of_the_sky_and_the_place_of_the_object():
    pixels = np.full((2, 1, CANVAS, CANVAS), 130.0, np.float32)
    pixels[:, :, CANVAS // 2 - 1 : CANVAS // 2 + 1, CANVAS // 2 - 1 : CANVAS // 2 + 1] = 530.0
    small = cut(pixels, np.array([70, 200]), 50) - 130
    light = small.sum(axis=(1, 2, 3))
    assert light == pytest.approx([1600 * (50 / 70) ** 2, 1600 * (50 / 200) ** 2], rel=1e-3)
    assert (small[:, 0].sum(axis=1) * np.arange(50)).sum(axis=1) / light == pytest.approx(24.5, abs=0.01)


def test_stamps_are_as_large_as_the_object_and_its_padding():
    sides = draw_sides(np.random.default_rng(0), np.full(4000, 40.0))
    assert sides.mean() == pytest.approx(105, abs=0.5)
    assert sides.std() == pytest.approx(5, abs=0.5)
    assert star_reach(np.array([17.0])) > star_reach(np.array([22.0])) > star_reach(np.array([25.0]))
    label = np.repeat(["SSO", "CR"], 8)
    pixels, measured = stamps(np.random.default_rng(5), label, 64, rates=(80.0, 80.0), whole=True)
    assert pixels.shape == (16, 3, 64, 64)
    assert measured["scale"][:8].mean() > 1.4 * measured["scale"][8:].mean()


@pytest.mark.parametrize(("changes", "message"), [
    ({"dithers": 2}, "must be 1, 3 or 4"), ({"rates": (20.0, 10.0)}, "must rise"), ({"rates": (1.0, 500.0)}, "at most"),
    ({"least_snr": 1e6}, "between 0 and 50"),
])  # fmt: skip
def test_options_that_cannot_be_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        euclid(**{"n": 8, "seed": 1, "out": tmp_path / "field"} | changes)


def test_all_magnitudes_are_there_when_none_is_left_out():
    _, measured = stamps(np.random.default_rng(6), np.repeat("SSO", 200), 32, dithers=1, least_snr=0.0)
    assert np.percentile(measured["mag"], [0, 50, 100]) == pytest.approx([20, 23, 26], abs=0.5)
    assert measured["snr"].min() < 2
