import csv
import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits

from ml.simulate.ground.cutouts import PEDESTAL, SCALE, cutouts, ground, stamp
from ml.simulate.ground.field import add_trail
from ml.simulate.ground.light import Seeing, add_path, add_point, straight

MIDDLE = np.array([50.0, 50.0])


def hashes(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_a_star_is_as_wide_as_the_seeing_and_as_high_as_asked():
    image = np.zeros((101, 101), np.float32)
    add_point(image, Seeing(fwhm=6.0, beta=3.0), MIDDLE, 100.0)
    assert image[50, 50] == pytest.approx(100)
    assert image[50, 53] == pytest.approx(50, rel=1e-4)
    assert image[47, 50] == pytest.approx(50, rel=1e-4)


def test_a_stretched_star_is_longer_along_its_axis():
    """Half of the height lies fwhm / 2 from the middle, over and times the root of the axis ratio."""
    image = np.zeros((101, 101), np.float32)
    add_point(image, Seeing(fwhm=8.0, ratio=0.25), MIDDLE, 10.0)
    assert image[50, 58] == pytest.approx(5, rel=1e-4)
    assert image[52, 50] == pytest.approx(5, rel=1e-4)


def test_a_trails_ridge_stands_at_its_signal_to_noise_and_ends_where_it_is_told_to():
    image = np.zeros((81, 121), np.float32)
    thing = add_trail(image, Seeing(fwhm=3.0, beta=5.0), straight(np.array([60.0, 40.0]), 40.0, 0.0), 7.0)
    assert image[40, 50:71] == pytest.approx(7.0, rel=0.03)
    assert image[40, 40] == pytest.approx(3.5, rel=0.05)  # at an end half of a long line's light is missing
    assert image[40, 80] == pytest.approx(3.5, rel=0.05)
    assert thing.curve[[0, -1]] == pytest.approx(np.array([[40, 40], [80, 40]]))
    assert thing.numbers["snr"] == 7.0


def test_a_trail_outside_of_the_image_is_not_told():
    image = np.zeros((64, 64), np.float32)
    assert add_trail(image, Seeing(3.0), straight(np.array([70.0, 10.0]), 20.0, 0.0), 7.0) is None
    add_path(image, Seeing(3.0), np.array([[400.0, 400.0]]), 5.0)
    assert image[:, :30].max() == 0


def test_fields_are_noise_of_one_about_the_sky():
    """Most pixels of a field are empty: their robust spread is the noise, their median the pedestal."""
    spreads, middles = [], []
    for pixels, _ in cutouts(12, 3):
        units = (pixels[np.isfinite(pixels)] - PEDESTAL) / SCALE
        middles.append(np.median(units))
        spreads.append(1.4826 * np.median(np.abs(units - np.median(units))))
    assert np.median(middles) == pytest.approx(0, abs=0.5)
    assert np.median(spreads) == pytest.approx(1, abs=0.3)


def test_stamps_show_trails_and_other_things_in_their_middle():
    seen = [stamp(np.random.default_rng(seed), 40) for seed in range(80)]
    trails = [thing for _, thing in seen if thing is not None]
    assert 20 < len(trails) < 55
    assert np.median([np.abs(thing.curve.mean(0) - 19.5).max() for thing in trails]) < 3


def test_what_is_written_can_be_learnt_from(tmp_path):
    manifest = ground(6, 2, tmp_path, size=160)
    rows = list(csv.DictReader(manifest.read_text().splitlines()))
    things = [thing for row in rows for thing in json.loads(row["#objects"])]
    assert {thing["class"] for thing in things} >= {"ASTEROID"}
    trails = [thing for thing in things if thing["class"] == "ASTEROID"]
    lengths = [np.hypot(*np.subtract(*thing["ends"])) for thing in trails]
    assert min(lengths) > 3
    assert np.median(lengths) < 40
    assert [row["label"] == "yes" for row in rows] == [
        any(thing["class"] == "ASTEROID" for thing in json.loads(row["#objects"])) for row in rows
    ]
    assert fits.getdata(tmp_path / rows[0]["image"]).shape == (160, 160)


def test_the_same_seed_gives_the_same_files_and_n_does_not_matter(tmp_path):
    ground(3, 5, tmp_path / "one", size=128)
    ground(3, 5, tmp_path / "two", size=128)
    ground(2, 5, tmp_path / "fewer", size=128)
    ground(3, 6, tmp_path / "other", size=128)
    one, two, fewer, other = (hashes(tmp_path / name) for name in ("one", "two", "fewer", "other"))
    assert one == two
    assert fewer["cutout-00001.fits"] == one["cutout-00001.fits"]
    assert other["cutout-00001.fits"] != one["cutout-00001.fits"]


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"n": 1, "size": 64}, {"n": 1, "share": 1.5}, {"n": 1, "gold_fraction": -0.1}]
)
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="must"):
        ground(wrong.pop("n"), 0, tmp_path, **wrong)
