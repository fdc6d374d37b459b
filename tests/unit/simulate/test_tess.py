import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits

from ml.cubes.cube import known_objects
from ml.io.manifest import LONGEST_CELL
from ml.io.read_subjects import read_subjects
from ml.simulate.rendering.psf_table import paint_points
from ml.simulate.tess import sky as tess_sky
from ml.simulate.tess.camera import DUTY, FULL_WELL, PIXEL_SCALE, Psf, flux, read_noise, through_psf
from ml.simulate.tess.sky import background, jitter, jittered_field, stars, straps, variations
from ml.simulate.tess.tess_cubes import cube, simulated_cubes, table_of, tess
from ml.simulate.tess.tess_movers import (
    Movers,
    draw_magnitudes,
    draw_motion,
    draw_movers,
    mask_of,
    numbered_mask,
    paint_mover,
)

PSF = Psf(1.5, 1.8, 0.4)
SHAPE = (12, 40, 40)


def hashes(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def mover(*, mag=17.0, step=0.7, frames=12, y=20.0):
    x = 15 + step * np.arange(frames)
    row = np.ones((1, frames))
    light = flux(mag - 0.6) * row
    return Movers(
        np.array([mag]), np.array([step * 42.0]), np.zeros(1), x[None], y * row, DUTY * step * row, 0 * row, light
    )


def test_tenth_magnitude_leaves_fifteen_thousand_electrons_a_second():
    assert flux(10.0) == pytest.approx(15_000, rel=0.02)


def test_the_psf_keeps_flux_and_place_and_its_slopes_are_its_derivatives():
    seen = through_psf(PSF, np.array([[30.3]]), np.array([[25.6]]), np.array([[1000.0]]), 64)[0]
    y, x = np.indices((64, 64))
    assert seen[0].sum() == pytest.approx(1000, rel=1e-3)
    assert (seen[0] * x).sum() / 1000 == pytest.approx(30.3, abs=0.01)
    assert (seen[0] * y).sum() / 1000 == pytest.approx(25.6, abs=0.01)
    left, right = (
        through_psf(PSF, np.array([[at]]), np.array([[25.6]]), np.array([[1000.0]]), 64)[0, 0] for at in (30.2, 30.4)
    )
    assert np.abs((right - left) / 0.2 - seen[1]).max() < 0.05 * np.abs(seen[1]).max()


def test_a_mover_keeps_its_flux_and_goes_where_the_truth_says():
    painted = paint_mover(table_of(PSF), mover(), 0, SHAPE)
    y, x = np.indices(SHAPE[1:])
    total = painted.sum(axis=(1, 2))
    assert total == pytest.approx(flux(16.4), rel=0.01)
    assert (painted * x).sum(axis=(1, 2)) / total == pytest.approx(mover().x[0], abs=0.1)
    assert (painted * y).sum(axis=(1, 2)) / total == pytest.approx(20, abs=0.1)


def test_light_that_leaves_the_frame_is_lost_and_comes_back_nowhere():
    """Points all around the frame leave there what a wider frame shows, and nothing elsewhere."""
    table = table_of(PSF)
    y, x = (grid.ravel() for grid in np.meshgrid(*[np.arange(-12.0, 32.5, 0.9)] * 2))
    one, two = np.ones(len(x), int), np.ones(len(x))
    small = paint_points(table, one, x, y, two, (2, 20, 20))
    wide = paint_points(table, one, x + 20, y + 20, two, (2, 60, 60))
    np.testing.assert_allclose(small[1], wide[1, 20:40, 20:40], rtol=1e-4)
    assert not small[0].any()


def test_a_fast_mover_loses_its_peak_but_not_its_light():
    slow, fast = (paint_mover(table_of(PSF), mover(step=step), 0, SHAPE)[2] for step in (0.05, 6.0))
    assert fast.sum() == pytest.approx(slow.sum(), rel=0.02)
    assert fast.max() < 0.6 * slow.max()


@pytest.mark.parametrize("mag", [15.0, 18.0, 21.0])
def test_the_mask_covers_the_mover(mag):
    seen = mover(mag=mag)
    painted, mask = paint_mover(table_of(PSF), seen, 0, SHAPE), mask_of(seen, 0, SHAPE)
    assert (painted * mask).sum() > 0.6 * painted.sum()
    assert mask.sum() < 0.06 * mask.size


def test_bright_masks_are_wider_and_fast_ones_longer():
    area = {name: mask_of(seen, 0, SHAPE).sum() for name, seen in {
        "faint": mover(mag=20), "bright": mover(mag=14), "fast": mover(mag=20, step=2.0)
    }.items()}  # fmt: skip
    assert area["bright"] > 2 * area["faint"]
    assert area["fast"] > 1.3 * area["faint"]


def test_the_mask_numbers_objects_and_the_brighter_one_wins():
    one, two = mover(mag=19.0), mover(mag=16.0)
    both = Movers(
        *(np.concatenate([getattr(one, f), getattr(two, f)]) for f in Movers.__dataclass_fields__ if f != "roll")
    )
    mask = numbered_mask(both, SHAPE)
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 2}


def test_rates_are_pixels_an_hour():
    seen = draw_movers(np.random.default_rng(0), 200, (64, 64, 64), 1800.0)
    hours = 63 * 0.5
    path = np.hypot(seen.x[:, -1] - seen.x[:, 0], seen.y[:, -1] - seen.y[:, 0])
    assert np.median(path / hours * PIXEL_SCALE / seen.rate) == pytest.approx(1, abs=0.03)
    inside = ((seen.x > -1) & (seen.x < 65) & (seen.y > -1) & (seen.y < 65)).any(axis=1)
    assert inside.all()


def test_most_move_backwards_along_the_ecliptic():
    along, across = draw_motion(np.random.default_rng(1), 5000)
    assert np.median(along) == pytest.approx(-32, abs=2)
    assert np.mean(along < 0) > 0.94
    assert np.median(np.abs(across)) < 8
    assert (np.hypot(along, across) > 40).mean() == pytest.approx(0.2, abs=0.08)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 1.0])
def test_the_share_of_the_unusual_is_what_was_asked(share):
    rate = np.hypot(*draw_motion(np.random.default_rng(1), 20_000, share))
    slow, fast = (rate < 8.1).mean(), (rate > 80).mean()
    assert slow == pytest.approx(0.3 * share, abs=0.01)
    assert fast == pytest.approx(0.7 * share * np.log(300 / 80) / np.log(300 / 40), abs=0.01)


def test_faint_ones_are_many():
    mag = draw_magnitudes(np.random.default_rng(2), 20_000, 21.0)
    assert mag.min() >= 14
    assert mag.max() <= 21
    assert np.mean(mag > 20) / np.mean((mag > 19) & (mag <= 20)) == pytest.approx(10**0.25, rel=0.1)


def test_jitter_moves_the_whole_field():
    """Shifting the sources shifts the image, linearly or repainted."""
    x, y, light = np.array([20.0, 8.0]), np.array([20.0, 31.0]), np.array([1e4, 3e3])
    for moved in (0.04, 0.4):
        shift = np.array([[0.0, moved], [0.0, -moved]])
        still, shaken = jittered_field(PSF, x, y, light, shift, 40)
        again = through_psf(PSF, (x + moved)[None], (y - moved)[None], light[None], 40)[0, 0]
        assert np.abs(shaken - again).max() < 0.004 * again.max()
        assert np.abs(shaken - still).max() > 0.01 * again.max()
    walks = np.array([jitter(np.random.default_rng(seed), 64, 1800.0) for seed in range(40)])
    assert walks.mean(axis=2) == pytest.approx(0, abs=1e-9)
    assert 0.003 < np.median(walks.std(axis=2)) < 0.05


def test_full_wells_stop_and_bleed(monkeypatch):
    monkeypatch.setattr(tess_sky, "BRIGHT_STAR_CHANCE", 1.0)
    rng = np.random.default_rng(0)
    fields = [stars(rng, PSF, table_of(PSF), (8, 32, 32), 1800.0) for _ in range(6)]
    full = [np.isclose(field, FULL_WELL, rtol=1e-4).any(axis=0) for field in fields]
    assert max(field.max() for field in fields) <= FULL_WELL * 1.0001
    longest = max(full, key=np.sum)
    assert longest.any(axis=1).sum() > 2 * longest.any(axis=0).sum() > 0


def test_stars_vary_and_most_of_the_sky_does_not():
    change = variations(np.random.default_rng(3), 300, 64, 1800.0)
    assert change.min() > -0.5
    assert np.abs(change).max(axis=1).min() >= 0
    assert np.median(np.ptp(change, axis=1)) > 0.01


def test_straps_shine_with_the_background():
    gains = np.array([straps(np.random.default_rng(seed), 64) for seed in range(60)])
    assert gains.min() == 1
    assert 0.2 < (gains.max(axis=1) > 1).mean() < 0.8
    sky = background(np.random.default_rng(5), (16, 64, 64))
    assert sky.min() > 30
    assert np.ptp(sky.mean(axis=(1, 2))) > 0.1


def test_the_noise_of_a_frame_is_that_of_light_and_reading():
    made = cube(np.random.default_rng(8), movers=0.0)
    assert not made.mask.any()
    steps = np.diff(made.flux, axis=0)
    quiet = np.median(np.abs(steps - np.median(steps, axis=(1, 2), keepdims=True))) * 1.4826 / np.sqrt(2)
    assert quiet == pytest.approx(np.median(made.noise), rel=0.35)
    assert read_noise(1800.0) == pytest.approx(0.19, abs=0.01)
    assert read_noise(200.0) == pytest.approx(3 * read_noise(1800.0), rel=0.01)


def test_a_bright_mover_stands_out_of_its_median():
    best = max(
        (made for made in simulated_cubes(6, 2, movers=4.0, faintest=17.0)), key=lambda made: made.snr.max(initial=0)
    )
    change = best.flux - np.median(best.flux, axis=0)
    row = int(best.snr.argmax())
    assert best.snr[row] > 10
    assert np.median(change[best.mask == row + 1]) > 5 * np.abs(np.median(change[best.mask == 0]))


def test_one_seed_gives_one_sky_whatever_its_number(tmp_path):
    for name, n in (("a", 3), ("b", 3), ("c", 2)):
        tess(n, 7, tmp_path / name, size=24, frames=10)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    few, many = hashes(tmp_path / "c"), hashes(tmp_path / "a")
    assert all(few[name] == many[name] for name in few if name.endswith(".fits"))


def test_the_manifest_is_read_back_with_masks_and_objects(tmp_path):
    manifest = tess(4, 1, tmp_path, size=32, frames=16, movers=3.0)
    for record in read_subjects(manifest):
        assert record.kind == "cube"
        assert len(record.frames) == 16
        assert record.frames[0].pixels.shape == (1, 32, 32)
        assert (record.frames[1].mjd_mid - record.frames[0].mjd_mid) * 1440 == pytest.approx(30, abs=0.01)
        mask = fits.getdata(tmp_path / record.metadata["#mask"])
        objects = json.loads(record.metadata["#objects"])
        assert mask.shape == (16, 32, 32)
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) - {0} <= {each["id"] for each in objects}
        for each in objects:
            assert len(each["x"]) == len(each["y"]) == 16


def test_many_movers_over_many_frames_are_read_back_too(tmp_path):
    (record,) = read_subjects(tess(1, 1, tmp_path, size=16, frames=512, movers=25.0))
    known = known_objects(record.metadata["#objects"])
    assert len(known) > 15
    assert all(len(each.frame) == len(each.x) < 512 for each in known)
    assert all((each.frame[0], each.frame[-1]) == (0, 511) for each in known)


@pytest.mark.parametrize(("n", "frames", "cadence"), [(3, 64, 1800.0), (25, 512, 1800.0), (40, 3900, 600.0)])
def test_between_the_frames_that_are_told_the_path_is_straight(n, frames, cadence):
    movers = draw_movers(np.random.default_rng(0), n, (frames, 64, 64), cadence)
    for row, known in enumerate(known_objects(movers.as_json(np.ones(n)))):
        x, y = (np.interp(np.arange(frames), known.frame, places) for places in (known.x, known.y))
        assert np.hypot(x - movers.x[row], y - movers.y[row]).max() < 0.1


def test_as_many_objects_as_a_mask_can_number_fit_a_cell():
    movers = draw_movers(np.random.default_rng(0), 255, (20_000, 64, 64), 1800.0, unusual=1.0)
    assert len(json.dumps(movers.as_json(np.full(255, 1e5)), separators=(",", ":"))) < LONGEST_CELL


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n": -1}, "n must be"),
        ({"size": 10_000}, "size must lie"),
        ({"frames": 2}, "frames must lie"),
        ({"cadence": 0.0}, "cadence must lie"),
        ({"movers": -1.0}, "movers must"),
        ({"faintest": 9.0}, "faintest must"),
        ({"unusual": 1.5}, "unusual must"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, wrong, words):
    asked = {"n": 1, "seed": 0, "out": tmp_path / "sky"} | wrong
    with pytest.raises(ValueError, match=words):
        tess(**asked)
    assert not (tmp_path / "sky").exists()
