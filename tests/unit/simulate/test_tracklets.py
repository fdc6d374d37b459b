import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from ml.simulate.atlas.atlas_tracklets import draw_tracklets, visit
from ml.simulate.atlas.difference import draw_sources


def offsets(seen, rows):
    """East and north of each detection from the first, in arcsec."""
    place = SkyCoord(seen.ra[rows], seen.dec[rows], unit="deg")
    east, north = place[0].spherical_offsets_to(place)
    return east.to_value(units.arcsec), north.to_value(units.arcsec)


def test_real_movers_run_along_a_line_at_their_rate():
    rng = np.random.default_rng(1)
    tracklets = draw_tracklets(rng, np.full(50, "AST"), 4)
    tracklets.frames.snr[:] = 1000
    seen = visit(rng, tracklets.frames, tracklets.count)
    for first in range(0, 200, 4):
        rows = slice(first, first + 4)
        east, north = offsets(seen, rows)
        hours = (seen.mjd[rows] - seen.mjd[first]) * 24
        rate = np.hypot(np.polyfit(hours, east, 1)[0], np.polyfit(hours, north, 1)[0])
        assert rate == pytest.approx(seen.rate[first], abs=3)
        assert np.abs(east - np.polyval(np.polyfit(hours, east, 1), hours)).max() < 0.6
        assert (np.diff(seen.mjd[rows]) > 5 / 1440).all()


def test_a_streak_moves_the_way_it_points():
    """North is +y and east is -x; the trail's length is the path of one exposure."""
    rng = np.random.default_rng(2)
    tracklets = draw_tracklets(rng, np.full(30, "STREAK"), 4)
    seen = visit(rng, tracklets.frames, tracklets.count)
    shape = tracklets.frames.shapes["STREAK"]
    for first in range(0, 120, 4):
        east, north = offsets(seen, slice(first, first + 4))
        turn = np.arctan2(north[-1], -east[-1]) - shape["angle"][first]
        assert np.cos(turn) > 0.99
        assert seen.rate[first] == pytest.approx(shape["length"][first] * 1.86 * 3600 / 30)
        assert np.ptp(shape["length"][first : first + 4]) == 0


def test_artefacts_scatter_about_the_line_that_linked_them():
    def scatter(slow):
        rng = np.random.default_rng(3)
        frames = draw_sources(rng, np.full(400, "SCAR"))
        frames.snr[:] = 100
        seen = visit(rng, frames, np.full(100, 4), np.full(100, slow))
        residuals = []
        for first in range(0, 400, 4):
            east, _ = offsets(seen, slice(first, first + 4))
            residuals.append(np.std(np.diff(east, 2)))
        return np.median(residuals)

    assert scatter(slow=True) > 5 * scatter(slow=False)


def test_lasting_artefacts_look_alike_and_passing_ones_do_not():
    rng = np.random.default_rng(4)
    frames = draw_tracklets(rng, np.repeat(["SPIKE", "CR"], 60), 4).frames
    cosmic_rays = frames.shapes["CR"]["track_x"]
    assert len(np.unique(cosmic_rays[:, 0])) == len(cosmic_rays)
    distances = frames.shapes["SPIKE"]["distance"]
    assert len(np.unique(distances)) < 0.6 * len(distances)


def test_places_are_on_the_sky():
    rng = np.random.default_rng(5)
    frames = draw_sources(rng, np.full(300, "AST"))
    seen = visit(rng, frames, np.ones(300, int))
    assert ((seen.ra >= 0) & (seen.ra < 360)).all()
    assert (np.abs(seen.dec) < 50).all()


def test_an_artefact_of_the_detector_comes_back_to_its_pixel_and_nothing_on_the_sky_does():
    rng = np.random.default_rng(3)
    label = np.repeat(["SCAR", "AST"], 100)
    tracklets = draw_tracklets(rng, label, 4)
    seen = visit(rng, tracklets.frames, tracklets.count, slow=label == "SCAR", fixed=tracklets.fixed)
    spread = np.hypot(np.ptp(seen.x.reshape(-1, 4), axis=1), np.ptp(seen.y.reshape(-1, 4), axis=1))
    assert 20 < tracklets.fixed.sum() < 60
    assert not tracklets.fixed[100:].any()
    assert spread[tracklets.fixed].max() < 3
    assert np.median(spread[~tracklets.fixed]) > 8


def test_pixels_follow_the_sky():
    """West is +x, north +y; with S/N without end only the pointing's error is left."""
    rng = np.random.default_rng(4)
    tracklets = draw_tracklets(rng, np.full(60, "AST"), 8)
    tracklets.frames.snr[:] = 1e6
    seen = visit(rng, tracklets.frames, tracklets.count)
    for first in range(0, 480, 8):
        rows = slice(first, first + 8)
        east, north = offsets(seen, rows)
        left = (seen.x[rows] - seen.x[first]) + east / 1.86
        up = (seen.y[rows] - seen.y[first]) - north / 1.86
        assert np.abs([left, up]).max() < 30


def test_satellites_look_real_and_flicker_off_the_line():
    rng = np.random.default_rng(5)
    label = np.repeat(["SATELLITE", "AST"], 80)
    tracklets = draw_tracklets(rng, label, 4)
    assert set(tracklets.frames.label[:320]) == {"AST", "STREAK"}
    scatter = np.log10(tracklets.frames.snr).reshape(-1, 4).std(axis=1)
    assert np.median(scatter[:80]) > 3 * np.median(scatter[80:])
    seen = visit(rng, tracklets.frames, tracklets.count, slow=label == "SATELLITE", fixed=tracklets.fixed)
    residual = []
    for first in range(0, 640, 4):
        east, _ = offsets(seen, slice(first, first + 4))
        hours = (seen.mjd[first : first + 4] - seen.mjd[first]) * 24
        residual.append(np.std(east - np.polyval(np.polyfit(hours, east, 1), hours)))
    assert np.median(residual[:80]) > 1.5 * np.median(residual[80:])
