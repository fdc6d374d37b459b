"""From detections to tracks: linking, splines, sky positions, and known objects."""

import json

import numpy as np
import pytest
from astropy.wcs import WCS

from ml.cubes.crossmatch import KnownTable, candidates
from ml.cubes.cube import Cube, Known, told
from ml.cubes.detections import detect
from ml.cubes.linking import link
from ml.cubes.track_spline import fit
from ml.cubes.tracks import described, tracks_of
from ml.data.dataset import BadExamples
from ml.imaging.wcs import to_pixels, to_sky

SHAPE = (40, 40, 40)
T = np.arange(40)


def painted(*places, shape=SHAPE, sigma=1.2):
    """Return probabilities of round movers at positions (x, y) in each frame; NaN if not visible."""
    p = np.zeros(shape, np.float32)
    grid_y, grid_x = np.mgrid[: shape[1], : shape[2]]
    for x, y in places:
        for t in range(shape[0]):
            if np.isfinite(x[t]):
                spot = np.exp(-((grid_x - x[t]) ** 2 + (grid_y - y[t]) ** 2) / (2 * sigma**2))
                p[t] = np.maximum(p[t], 0.95 * spot)
    return p


def cube_of(shape=SHAPE, **known):
    empty = np.zeros((1, *shape), np.float32)
    return Cube("c", "c", empty, np.ones(shape, bool), None, **known)


def test_centroids_are_weighted_by_probability():
    p = np.zeros((1, 5, 6), np.float32)
    p[0, 2, 1:4] = 0.2, 0.6, 0.8
    p[0, 4, 5] = 0.9
    found = detect(p, 0.1)
    assert len(found) == 1  # a single voxel is no patch
    assert found.x[0] == pytest.approx((0.2 * 1 + 0.6 * 2 + 0.8 * 3) / 1.6)
    assert (found.y[0], found.peak[0]) == (2, pytest.approx(0.8))


def test_patches_of_two_frames_do_not_touch():
    p = np.zeros((2, 4, 4), np.float32)
    p[:, 1:3, 1:3] = 1
    assert detect(p, 0.5).frame.tolist() == [0, 1]
    assert len(detect(np.zeros((2, 4, 4), np.float32), 0.5)) == 0


def test_one_mover_is_one_track():
    x, y = 3 + 0.8 * T, 30 - 0.4 * T
    (track,) = tracks_of(painted((x, y)), 0.3)
    assert track.frame.tolist() == T.tolist()
    np.testing.assert_allclose(track.path.at(T), np.stack([x, y], 1), atol=0.1)
    assert track.score == pytest.approx(0.9, abs=0.05)


def test_movers_that_cross_keep_their_ways():
    """They meet in the middle and share one region for some frames."""
    one, other = (2 + 0.9 * T, 10 + 0.5 * T), (37 - 0.9 * T, 10.5 + 0.5 * T)
    tracks = tracks_of(painted(one, other), 0.3)
    assert len(tracks) == 2
    ends = sorted((tuple(track.path.at(0.0)), tuple(track.path.at(39.0))) for track in tracks if track.frame[-1] == 39)
    np.testing.assert_allclose(ends[0], [(2, 10), (37.1, 29.5)], atol=0.3)
    np.testing.assert_allclose(ends[1], [(37, 10.5), (1.9, 30)], atol=0.3)


def test_movers_side_by_side_are_two():
    one, other = (3 + 0.8 * T, np.full(40, 15.0)), (3 + 0.8 * T, np.full(40, 21.0))
    tracks = tracks_of(painted(one, other), 0.3)
    assert sorted(round(float(track.path.at(20.0)[1])) for track in tracks) == [15, 21]


def test_a_gap_is_bridged_and_specks_are_no_tracks():
    x, y = 3 + 0.8 * T, np.full(40, 20.0)
    x[12:27] = np.nan
    p = painted((x, y))
    p[5, 35:37, 3:5] = 1
    (track,) = tracks_of(p, 0.3)
    assert (track.frame[0], track.frame[-1], len(track.frame)) == (0, 39, 25)
    assert track.path.at(19.0) == pytest.approx([18.2, 20], abs=0.3)
    assert track.score < 0.95 * 25 / 40 + 0.01


def test_a_fast_mover_is_followed_from_its_second_frame():
    x, y = 1 + 4.0 * T[:9], 3 + 3.0 * T[:9]
    tracks = tracks_of(painted((x, y), shape=(9, 40, 40), sigma=2.0), 0.3)
    assert [len(track.frame) for track in tracks] == [9]


def test_nothing_to_link():
    assert link(detect(np.zeros(SHAPE, np.float32), 0.5)) == []


@pytest.mark.parametrize("n", [5, 30, 120])
def test_the_spline_follows_a_bent_path_to_a_tenth_of_a_pixel(n):
    t = np.arange(n, dtype=float)
    u = t / n
    x, y = 10 + 30 * u + 3 * np.sin(2 * u), 5 + 8 * u**2
    noise = 0.15 * np.random.default_rng(n).standard_normal((2, n)) * (n > 5)
    path = fit(t, x + noise[0], y + noise[1])
    off = np.hypot(*(path.at(t) - np.stack([x, y], 1)).T)
    assert np.median(off) < 0.1
    middle = n // 2
    assert path.velocity(float(middle))[0] == pytest.approx(np.gradient(x)[middle], rel=0.1)


def test_a_stray_centroid_does_not_bend_the_path():
    t = np.arange(40.0)
    x = 0.8 * t
    x[18:21] += 2.5
    assert fit(t, x, t).at(19.0) == pytest.approx([0.8 * 19, 19], abs=0.25)


def test_a_path_needs_four_places():
    with pytest.raises(ValueError, match="4 centroids"):
        fit([0, 1, 2], [0, 1, 2], [0, 1, 2])
    with pytest.raises(ValueError, match="ascend"):
        fit([0, 1, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3])


def wcs_cards(scale=21.0):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [359.999, 40.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [20, 20], [-scale / 3600, scale / 3600]
    return dict(wcs.to_header())


def test_a_track_is_told_in_the_sky_s_terms():
    (track,) = tracks_of(painted((3 + 0.8 * T, 20 + 0 * T)), 0.3)
    cards, mjd = wcs_cards(), 60000 + T / 48
    said = described(track, cube_of(mjd=mjd, wcs=cards))
    assert said["rate"] == pytest.approx(0.8 * 21 * 2, rel=0.02)  # two frames an hour
    assert min(said["angle"], 360 - said["angle"]) < 2
    assert said["length"] == pytest.approx(0.8 * 39, rel=0.02)
    assert said["mjd"] == pytest.approx(mjd.mean())
    assert (said["ra"], said["dec"]) == pytest.approx(tuple(to_sky(cards, said["x"], said["y"])))
    assert len(said["path"]["ra"]) == len(said["path"]["mjd"]) == 40


def test_without_times_or_wcs_nothing_is_made_up():
    (track,) = tracks_of(painted((3 + 0.8 * T, 20 + 0 * T)), 0.3)
    said = described(track, cube_of())
    assert (said["rate"], said["mjd"], said["ra"], said["dec"]) == (None, None, None, None)
    assert set(said["path"]) == {"frame", "x", "y"}


def test_pixels_and_sky_are_each_other_s_inverse():
    cards, x, y = wcs_cards(), np.array([0.0, 3.5, 39]), np.array([39.0, 2, 0])
    np.testing.assert_allclose(to_pixels(cards, *to_sky(cards, x, y)), [x, y], atol=1e-6)
    assert to_pixels({}, 1.0, 2.0) is None


def test_every_known_object_near_a_track_is_shown_with_its_residuals():
    x, y = 3 + 0.8 * T, np.full(40, 20.0)
    (track,) = tracks_of(painted((x, y)), 0.3)
    ahead = Known("ahead", 18.0, 1, T.astype(float), x + 0.5, y)
    left = Known("left", 19.0, 2, T.astype(float), x, y - 2)
    far = Known("far", 19.0, 3, T.astype(float), x, y + 9)
    short = Known("short", 19.0, 4, np.array([0.0, 1]), x[:2], y[:2])
    near = candidates(track, [left, far, short, ahead], cube_of(), pixel_scale=10)
    assert [each["object"] for each in near] == ["ahead", "left"]
    assert (near[0]["along"], near[0]["cross"]) == (pytest.approx(-5, abs=0.5), pytest.approx(0, abs=0.5))
    assert (near[1]["along"], near[1]["cross"]) == (pytest.approx(0, abs=0.5), pytest.approx(20, abs=0.5))
    assert near[1]["frames"] == 40


def test_an_object_is_near_though_one_of_its_places_is_not_known(tmp_path):
    x, y = 3 + 0.8 * T, np.full(40, 20.0)
    (track,) = tracks_of(painted((x, y)), 0.3)
    places = {"x": x.tolist(), "y": y.tolist()}
    places["x"][7] = places["y"][11] = places["y"][39] = None
    (known,) = told(json.dumps([{"id": 1, **places}]))
    rows = [f"A,{t},{x[t]},{'nan' if t == 7 else y[t]}" for t in range(40)]
    (tmp_path / "k.csv").write_text("\n".join(["object,frame,x,y", *rows]))
    for each in ([known], KnownTable(tmp_path / "k.csv").of(cube_of())):
        (near,) = candidates(track, each, cube_of(), pixel_scale=1)
        assert near["separation"] < 0.1
        assert near["frames"] >= 39


def test_a_table_of_places_on_the_sky(tmp_path):
    cards, mjd = wcs_cards(), 60000 + T / 48
    x, y = 3 + 0.8 * T, np.full(40, 20.0)
    ra, dec = to_sky(cards, x, y)
    rows = [f"(1) Ceres,{mjd[i] + 0.0:.6f},{ra[i]:.7f},{dec[i]:.7f}" for i in range(0, 40, 3)]
    rows[4] = f"(1) Ceres,{mjd[12]:.6f},nan,nan"
    table = tmp_path / "k.csv"
    table.write_text("\n".join(["object,mjd,ra,dec", *rows]))
    cube = cube_of(mjd=mjd, wcs=cards)
    (track,) = tracks_of(painted((x, y)), 0.3)
    (near,) = candidates(track, KnownTable(table).of(cube), cube)
    assert near["object"] == "(1) Ceres"
    assert near["separation"] < 2.1  # arcsec: a tenth of a pixel
    assert KnownTable(table).of(cube_of()) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("object,when\na,1", "neither the columns"),
        ("object,frame,x,y\na,0,1,2\na,1,?,2", r"k.csv row 3: x is '\?', which is not a number"),
        ("object,mjd,ra,dec\na,6e4,1,2\n\na,6e4,1,95", "k.csv row 4: dec is 95; it must be degrees from -90 to 90"),
        ("object,mjd,ra,dec\na,6e4,361,2", "k.csv row 2: ra is 361; it must be degrees from 0 to 360"),
        (None, "cannot be read"),
    ],
)
def test_bad_tables(tmp_path, text, sentence):
    path = tmp_path / "k.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadExamples, match=sentence):
        KnownTable(path).of(cube_of())
