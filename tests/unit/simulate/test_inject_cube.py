import numpy as np
import pytest
from astropy.io import fits

from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput
from ml.simulate.injection.cube_injection import inject_cube, inject_into, read_cube
from ml.simulate.tess.camera import flux
from ml.simulate.tess.tess_movers import draw_movers, mask_of
from tests.unit.simulate.test_tess import mover


def real_cube(frames=12, side=40):
    rng = np.random.default_rng(1)
    stars = rng.exponential(80, (side, side)).astype(np.float32)
    return stars + rng.normal(0, 0.3, (frames, side, side)).astype(np.float32)


def test_an_injected_mover_adds_its_own_light_and_no_more():
    before, crossing = real_cube(), mover(mag=17.0)
    made = inject_cube(before, crossing)
    added = made.flux.astype(np.float64) - before
    assert added.sum(axis=(1, 2)) == pytest.approx(flux(16.4), rel=0.02)
    far = ~mask_of(mover(mag=8.0), 0, before.shape)
    assert np.abs(added[far]).max() < 0.02 * added.max()
    assert (added * (made.mask == 1)).sum() > 0.6 * added.sum()


def test_the_signal_to_noise_is_that_of_the_frames():
    made = inject_cube(real_cube(), mover(mag=17.0))
    assert made.noise == pytest.approx(0.3, rel=0.15)
    assert made.snr[0] == pytest.approx(flux(16.4) * 0.33 / 0.3, rel=0.25)


def test_a_mover_brings_photon_noise_of_its_own():
    before = np.zeros((12, 40, 40), np.float32)
    quiet, noisy = (inject_cube(before, mover(mag=14.0), exposure=seconds).flux for seconds in (0.0, 100.0))
    lit = quiet > 5
    assert np.std((noisy - quiet)[lit] / np.sqrt(quiet[lit] / 100)) == pytest.approx(1, abs=0.15)


def test_what_is_no_number_stays_so_and_is_no_mask():
    before = real_cube()
    before[3] = np.nan
    before[:, 20, 18] = np.nan
    made = inject_cube(before, mover())
    np.testing.assert_array_equal(np.isnan(made.flux), np.isnan(before))
    assert not made.mask[np.isnan(before)].any()
    assert np.isfinite(made.snr).all()


def test_long_cubes_are_done_piece_by_piece():
    crossing = draw_movers(np.random.default_rng(2), 2, (150, 24, 24), 1800.0)
    whole = inject_cube(np.zeros((150, 24, 24), np.float32), crossing)
    tail = inject_cube(np.zeros((70, 24, 24), np.float32), crossing.between(slice(80, 150)))
    np.testing.assert_allclose(whole.flux[80:], tail.flux, atol=1e-3 * tail.flux.max())
    np.testing.assert_array_equal(whole.mask[80:], tail.mask)


def test_a_real_file_becomes_subjects_with_truth(tmp_path):
    cube = real_cube()
    fits.writeto(tmp_path / "real.fits", cube)
    records = list(read_subjects(inject_into(tmp_path / "real.fits", 3, 5, tmp_path / "out", movers=4.0)))
    assert [record.kind for record in records] == ["cube"] * 3
    assert {record.object_group for record in records} == {"real"}
    mask = fits.getdata(tmp_path / "out" / "mask-00000.fits")
    change = np.abs(records[0].block()[:, 0] - cube)
    assert change[mask > 0].mean() > 10 * change[mask == 0].mean()


def test_what_is_no_cube_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is not there"):
        read_cube(tmp_path / "none.fits")
    fits.writeto(tmp_path / "flat.fits", np.zeros((8, 8), np.float32))
    with pytest.raises(BadInput, match=r"^flat\.fits: .*frames, height, width"):
        read_cube(tmp_path / "flat.fits")
    (tmp_path / "zero.fits").write_bytes(b"")
    with pytest.raises(BadInput, match=r"^zero\.fits: is empty"):
        read_cube(tmp_path / "zero.fits")
    with pytest.raises(ValueError, match="three axes"):
        inject_cube(np.zeros((8, 8)), mover())
    with pytest.raises(ValueError, match="12 frames and the cube 5"):
        inject_cube(np.zeros((5, 8, 8)), mover())
