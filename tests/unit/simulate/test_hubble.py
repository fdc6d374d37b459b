import csv
import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits

from ml.io.read import read
from ml.simulate.hubble.cutouts import cutout, cutouts, hubble
from ml.simulate.hubble.field import add_arc
from ml.simulate.hubble.optics import MARGIN, line_peak, psf, sky_noise, through_the_optics
from ml.simulate.hubble.orbit import ORBIT_RADIUS, PERIOD, Pointing, bend, draw_pointing, parallax, track
from ml.simulate.hubble.trails import Mover, add_asteroid, add_satellite, draw_mover, path
from ml.simulate.hubble.truth import seen_part
from ml.trails.target_masks import nearest


def hashes(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_the_orbit_swings_an_object_by_its_radius_over_the_distance():
    """At 1 au the radius of the orbit is 9.5 arcsec; seen along the orbit's axis the path is a circle."""
    pole = Pointing(ra=270.0, dec=61.5, roll=0.0, node=0.0, phase=0.0)
    places = parallax(pole, np.linspace(0, PERIOD, 100), 1.0)
    assert np.hypot(*places) == pytest.approx(np.degrees(ORBIT_RADIUS / 149_597_870.7) * 3600, rel=1e-3)
    assert parallax(pole, np.linspace(0, PERIOD, 5), 2.0) == pytest.approx(places[:, [0, 24, 49, 74, 99]] / 2, abs=0.5)


def test_an_object_far_away_draws_a_straight_line_at_its_rate():
    pointing = draw_pointing(np.random.default_rng(1))
    seconds = np.linspace(-900, 900, 50)
    x, y = track(pointing, seconds, rate=36.0, angle=0.7, distance=1e6, scale=0.05)
    assert np.hypot(x[-1] - x[0], y[-1] - y[0]) == pytest.approx(36 * 0.5 / 0.05)
    assert bend(x, y) < 1e-3


def test_parallax_bends_near_objects_more():
    bends = {1.0: [], 3.0: []}
    for seed in range(40):
        pointing = draw_pointing(np.random.default_rng(seed))
        for distance, found in bends.items():
            samples = track(pointing, np.linspace(-800, 800, 60), rate=30, angle=1.5, distance=distance, scale=0.05)
            found.append(bend(*samples))
    assert np.median(bends[1.0]) > 2 * np.median(bends[3.0]) > 4


def test_north_is_up_and_east_is_left_without_roll():
    pointing = Pointing(ra=0.0, dec=0.0, roll=0.0, node=0.0, phase=0.0)
    ends = track(pointing, np.array([-1.0, 1.0]), rate=3600, angle=np.pi / 2, distance=1e6, scale=0.05)
    assert ends[0, 1] < ends[0, 0]
    assert ends[1] == pytest.approx(0, abs=1e-3)


def test_the_optics_keep_light_and_spread_it_along_four_spikes():
    kernel = psf()
    assert kernel.sum() == pytest.approx(1, rel=1e-5)
    middle = MARGIN
    assert kernel[middle + 30, middle + 30] > 10 * kernel[middle, middle + 42]
    scene = np.zeros((128 + 2 * MARGIN,) * 2, np.float32)
    scene[MARGIN + 64, MARGIN + 50] = 1e5
    seen = through_the_optics(scene)
    assert np.unravel_index(seen.argmax(), seen.shape) == (64, 50)
    assert 0.8e5 < seen.sum() <= 1.001e5


def test_a_trail_has_the_signal_to_noise_that_the_truth_states():
    """The ridge, averaged along the trail, is `snr` times the sky noise."""
    rng = np.random.default_rng(5)
    pointing, exptime = draw_pointing(rng), 1000.0
    scene = np.zeros((512 + 2 * MARGIN,) * 2, np.float32)
    mover = Mover(rate=30.0, angle=1.5, distance=2.5, snr=5.0)
    thing = None
    while thing is None or len(thing.curve) == 0:
        thing = add_asteroid(rng, scene, pointing, exptime, mover)
    seen = through_the_optics(scene)
    x, y = np.rint(thing.curve[2:-2]).astype(int).T
    ridge = [seen[b - 2 : b + 3, a - 2 : a + 3].max() for a, b in zip(x, y, strict=True) if 3 < a < 508 and 3 < b < 508]
    assert np.mean(ridge) / sky_noise(exptime) == pytest.approx(5.0, rel=0.25)
    assert scene.sum() == pytest.approx(5.0 * sky_noise(exptime) * thing.numbers["length"] / line_peak(), rel=0.7)


def test_a_fast_object_needs_more_light_for_the_same_signal_to_noise():
    """Trailing loss: the same magnitude over twice the length is half as bright on the ridge."""
    lengths = []
    for rate in (20.0, 40.0):
        samples = path(Pointing(0.0, 0.0, 0.0, 0.0, 0.0), 1000.0, Mover(rate, 1.5, 1e6, 5.0))
        lengths.append(np.hypot(*np.diff(samples)).sum())
    assert lengths[1] == pytest.approx(2 * lengths[0], rel=0.01)


def test_a_satellite_crosses_from_edge_to_edge():
    rng = np.random.default_rng(2)
    image = np.zeros((300, 300), np.float32)
    thing = add_satellite(rng, image, 1000.0)
    edges = [min(x, y, 299 - x, 299 - y) for x, y in (thing.curve[0], thing.curve[-1])]
    assert max(edges) < 1.5
    x, y = np.rint(thing.curve[8]).astype(int)
    assert image[y - 2 : y + 3, x - 2 : x + 3].max() == pytest.approx(
        thing.numbers["snr"] * sky_noise(1000.0), rel=0.35
    )


def test_a_path_is_cut_to_what_the_cutout_shows():
    x = np.linspace(-50, 150, 1000)
    curve = seen_part(x, np.full(1000, 20.0), 100)
    assert curve[0] == pytest.approx([-0.5, 20], abs=0.3)
    assert curve[-1] == pytest.approx([99.5, 20], abs=0.3)
    assert seen_part(x, np.full(1000, 200.0), 100).shape == (0, 2)


def test_three_trails_in_four_stand_above_three_sigma_a_pixel():
    rng = np.random.default_rng(0)
    snr = np.array([draw_mover(rng).snr for _ in range(2000)])
    assert np.mean(snr >= 3) == pytest.approx(0.77, abs=0.04)
    assert snr.min() >= 1.5


def test_boxes_hold_their_trails_and_every_class_occurs():
    labels = set()
    for seen in cutouts(50, 3, size=256):
        for thing in seen.things:
            told = thing.told(256)
            labels.add(told["class"])
            low, high = np.min(told["curve"], axis=0), np.max(told["curve"], axis=0)
            assert (np.array(told["box"][:2]) <= np.maximum(low, 0) + 0.1).all()
            assert (np.array(told["box"][2:]) >= np.minimum(high, 255) - 0.1).all()
    assert labels == {"ASTEROID", "SATELLITE", "ARC", "SPIKE", "COSMIC_RAY"}


def test_noise_is_what_the_camera_makes():
    seen = cutout(np.random.default_rng(4), 256, share=0.0)
    pixels = seen.pixels[np.isfinite(seen.pixels)]
    spread = 1.4826 * np.median(np.abs(pixels - np.median(pixels)))
    assert spread == pytest.approx(sky_noise(seen.exptime), rel=0.15)


def test_one_seed_gives_one_sky_whatever_its_number(tmp_path):
    for name, n in (("a", 3), ("b", 3), ("c", 2)):
        hubble(n, 7, tmp_path / name, size=128)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    few, many = hashes(tmp_path / "c"), hashes(tmp_path / "a")
    assert all(few[name] == many[name] for name in few if name.endswith(".fits"))


def test_the_manifest_is_read_back_with_its_truth(tmp_path):
    manifest = hubble(8, 1, tmp_path, size=192)
    records = list(read(manifest))
    assert [record.kind for record in records] == ["cutout"] * 8
    for record in records:
        things = json.loads(record.metadata["#objects"])
        trails = [thing for thing in things if thing["class"] == "ASTEROID"]
        assert (record.label == "yes") == bool(trails) or not record.gold
        assert record.frames[0].pixels.shape == (1, 192, 192)
        for trail in trails:
            assert len(trail["curve"]) == 17
            assert trail["ends"] == [trail["curve"][0], trail["curve"][-1]]
    with (tmp_path / "truth.csv").open(newline="") as file:
        assert {row["real"] for row in csv.DictReader(file)} == {"0", "1"}
    assert fits.getheader(tmp_path / "cutout-00000.fits")["ORIGIN"] == "simulated"


@pytest.mark.parametrize(
    ("wrong", "words"), [({"n": 0}, "n must be"), ({"size": 64}, "size must lie"), ({"share": 1.5}, "share must lie")]
)
def test_what_cannot_be_is_refused(tmp_path, wrong, words):
    asked = {"n": 1, "seed": 0, "out": tmp_path / "sky"} | wrong
    with pytest.raises(ValueError, match=words):
        hubble(**asked)
    assert not (tmp_path / "sky").exists()


def test_an_arc_is_told_where_its_light_is(monkeypatch):
    monkeypatch.setattr("ml.simulate.hubble.field.paste", lambda *_: None)  # without the galaxy that bends it
    for seed in range(12):
        scene = np.zeros((1024 + 2 * MARGIN,) * 2, np.float32)
        arc = add_arc(np.random.default_rng(seed), scene, 1000.0)
        rows, columns = np.nonzero(scene[MARGIN:-MARGIN, MARGIN:-MARGIN] > 0.2 * scene.max())
        if arc is not None and len(rows):
            points = np.stack([columns, rows], axis=1).astype(float)
            assert np.quantile(nearest(points, arc.curve)[0], 0.9) < 3
