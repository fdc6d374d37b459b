import csv
from collections import Counter

import numpy as np
import pytest
from astropy.io import fits

from ml.simulate.euclid.dithered_stamps import dithered_stamps, snr_of_trail
from ml.simulate.euclid.euclid_field import CLASSES, euclid, euclid_blocks
from ml.simulate.euclid.sources import (
    convolve_stamps,
    cosmic_ray_charge,
    electrons_per_exposure,
    euclid_psf,
    galaxy_light,
    star_light,
    trail_light,
)
from ml.simulate.rendering.detector_effects import bleed

MIDDLE = np.array([47.5])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_five_magnitudes_are_a_factor_of_a_hundred():
    assert electrons_per_exposure(20.0) / electrons_per_exposure(25.0) == pytest.approx(100)


def test_a_trail_shares_the_light_of_the_object():
    """Equation 1 of the paper: N stars of magnitude m + 2.5 log10 N hold what one of magnitude m does."""
    light = trail_light(MIDDLE, MIDDLE, np.array([30.0]), np.array([0.4]), np.array([22.0]), 96)
    assert light.sum() == pytest.approx(electrons_per_exposure(22.0), rel=1e-4)
    assert light.max() < 0.1 * light.sum()


def test_a_fast_trail_leaves_the_stamp():
    light = trail_light(MIDDLE, MIDDLE, np.array([126.0]), np.array([0.0]), np.array([22.0]), 96)
    assert light.sum() == pytest.approx(electrons_per_exposure(22.0) * 96 / 126, rel=0.02)


def test_the_optics_keep_light_and_place():
    light = star_light(np.array([40.25]), np.array([50.5]), np.array([20.0]), 96)
    seen = convolve_stamps(light)
    y, x = np.indices((96, 96))
    assert seen.sum() == pytest.approx(light.sum(), rel=0.03)
    assert (seen[0] * x).sum() / seen.sum() == pytest.approx(40.25, abs=0.3)
    assert (seen[0] * y).sum() / seen.sum() == pytest.approx(50.5, abs=0.3)


def test_light_beyond_the_edge_does_not_come_back():
    seen = convolve_stamps(star_light(np.array([1.0]), np.array([48.0]), np.array([20.0]), 96))
    assert seen[0, :, -10:].max() < 1e-4 * seen.max()


def test_the_psf_has_unit_flux_and_its_peak_in_the_middle():
    image = euclid_psf(96)
    assert image.sum() == pytest.approx(1, rel=1e-5)
    assert np.unravel_index(image.argmax(), image.shape) == (48, 48)


def test_a_galaxy_holds_the_light_of_its_magnitude():
    shape = {
        "mag": np.array([21.0]), "radius": np.array([4.0]), "index": np.array([1.0]), "axis_ratio": np.array([0.6]),
        "angle": np.array([0.3]), "bulge": np.array([0.2]), "arms": np.array([0.5]), "winding": np.array([3.0]),
    }  # fmt: skip
    light = galaxy_light(shape, MIDDLE, MIDDLE, 96)
    assert light.sum() == pytest.approx(electrons_per_exposure(21.0), rel=1e-4)
    assert light[0, 47:49, 47:49].sum() > 50 * light[0, :2, :2].sum()


def test_cosmic_rays_meet_no_optics():
    rng = np.random.default_rng(1)
    charge = cosmic_ray_charge(rng, np.full(200, 47.5), np.full(200, 47.5), 96)
    star = convolve_stamps(star_light(MIDDLE, MIDDLE, np.array([21.0]), 96))[0]
    lit = (charge > 0.1 * charge.max(axis=(1, 2), keepdims=True)).sum(axis=(1, 2))
    assert np.median(lit) < (star > 0.1 * star.max()).sum() + 4
    assert (charge.sum(axis=(1, 2)) > 0).all()


def test_bleeding_keeps_the_charge_in_its_column():
    image = np.full((1, 9, 5), 10.0)
    image[0, 4, 2] = 400.0
    bled = bleed(image, 100.0)
    assert bled.max() == 100
    assert bled[0, :, 2].sum() == pytest.approx(image[0, :, 2].sum())
    np.testing.assert_array_equal(np.delete(bled, 2, axis=2), np.delete(image, 2, axis=2))
    np.testing.assert_allclose(bled[0, :, 2], bled[0, ::-1, 2])


def test_charge_runs_off_a_full_column():
    assert bleed(np.full((1, 3, 1), 500.0), 100.0).tolist() == [[[100.0], [100.0], [100.0]]]


def test_trails_lose_signal_to_noise():
    assert snr_of_trail(np.array([24.0]), np.array([60.0])) < 0.5 * snr_of_trail(np.array([24.0]), np.array([5.0]))


@pytest.fixture(scope="module")
def drawn():
    label = np.repeat(CLASSES, 24)
    return label, *dithered_stamps(np.random.default_rng(2), label)


def test_stamps_are_three_dithers_of_electrons(drawn):
    _, pixels, _ = drawn
    assert pixels.shape == (96, 3, 96, 96)
    assert pixels.dtype == np.float32
    assert np.nanmedian(pixels) == pytest.approx(131, rel=0.05)
    assert np.isfinite(pixels).any(axis=(2, 3)).all()


def test_movers_are_those_of_the_paper_and_can_be_seen(drawn):
    label, _, measured = drawn
    movers = {key: values[label == "SSO"] for key, values in measured.items()}
    assert ((movers["rate"] >= 10) & (movers["rate"] <= 80)).all()
    assert ((movers["mag"] >= 20) & (movers["mag"] <= 26)).all()
    assert (movers["snr"] >= 5).all()
    assert np.isnan(measured["rate"][label != "SSO"]).all()


def test_fixed_stars_stand_in_every_dither_and_cosmic_rays_in_one(drawn):
    label, pixels, measured = drawn
    core = np.nan_to_num(pixels[:, :, 42:54, 42:54], nan=1e4).max(axis=(2, 3)) - 130
    bright_stars = (label == "STAR") & (measured["mag"] < 24)
    assert (core[bright_stars].min(axis=1) > 100).all()
    rays = core[label == "CR"]
    assert np.median(np.sort(rays, axis=1)[:, 1]) < 0.3 * np.median(rays.max(axis=1))


def test_half_of_the_manifest_moves(tmp_path):
    rows = rows_of(euclid(60, 5, tmp_path, size=48))
    assert Counter(row["label"] for row in rows) == {"SSO": 30, "CR": 10, "GALAXY": 10, "STAR": 10}
    assert rows[1]["planes"] == "3:6"
    assert {row["#simulated"] for row in rows} == {"1"}
    assert all(bool(row["rate"]) == (row["label"] == "SSO") for row in rows)
    with fits.open(tmp_path / "cube-00000.fits") as cube:
        assert cube[0].shape == (180, 48, 48)
    truth = rows_of(tmp_path / "truth.csv")
    assert Counter(row["real"] for row in truth) == {"1": 30, "0": 30}


def test_few_of_the_manifest_may_move(tmp_path):
    labels = Counter(row["label"] for row in rows_of(euclid(40, 1, tmp_path, share=0.05)))
    assert labels["SSO"] == 2
    assert {labels[name] for name in CLASSES if name != "SSO"} <= {12, 13}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        euclid(12, 6, tmp_path / name, size=40)
    for file in ("manifest.csv", "truth.csv", "cube-00000.fits"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_blocks_come_one_by_one():
    sizes = [len(block.rows) for block in euclid_blocks(300, 1, size=32)]
    assert sizes == [256, 44]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "at least 1"),
        ({"size": 16}, "between 32 and 256 pixels, not 16"),
        ({"gold_fraction": -1}, "between 0 and 1"),
    ],
)
def test_bad_arguments_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        euclid(**{"n": 8, "seed": 1, "out": tmp_path / "field"} | changes)
