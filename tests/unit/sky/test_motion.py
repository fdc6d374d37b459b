"""Motion and other features of tracklets, against independent formulas."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from ml.data.tracklet_frames import FIELDS, TrackletFrames, frames_of_record, own_time, sightings, stacked
from ml.io.records import FrameRecord, SubjectRecord
from ml.sky.motion import FEATURE_SEEING, FLOOR, astrometric_error, fit_motion, position_errors
from ml.sky.tracklet_features import NAMES, facts

MJD, RA, DEC, MAG, SNR, X, Y = range(len(FIELDS))


def mover(n=4, rate=60.0, ra=10.0, dec=5.0, angle=0.7, gap=10.0, **known):
    """Return the frames (n, 7) of uniform motion along a great circle, by astropy; the gap in minutes."""
    times = 60600 + np.arange(n) * gap / 1440
    begin = SkyCoord(ra, dec, unit="deg")
    place = begin.directional_offset_by(angle * units.rad, rate * (times - times[0]) * 24 * units.arcsec)
    frames = np.full((n, len(FIELDS)), np.nan)
    frames[:, MJD], frames[:, RA], frames[:, DEC] = times, place.ra.deg, place.dec.deg
    for name, value in known.items():
        frames[:, FIELDS.index(name)] = value
    return frames


@pytest.mark.parametrize("dec", [0.0, 60.0, 89.9, -89.99])
@pytest.mark.parametrize("rate", [5.0, 7000.0])
@pytest.mark.parametrize("ra", [10.0, 359.999])
def test_a_straight_mover_leaves_no_residual_wherever_it_is(dec, rate, ra):
    motion = fit_motion(stacked([mover(6, rate, ra, dec, angle) for angle in np.linspace(0, 6, 13)]))
    assert motion.residual == pytest.approx(0, abs=2e-3)
    assert motion.rate == pytest.approx(rate, rel=1e-6)


def test_a_long_straight_track_is_still_straight():
    """Ten degrees in a night: on a tangent plane it would be off by arcseconds."""
    motion = fit_motion(stacked([mover(8, 20_000.0, gap=15.0)]))
    assert motion.residual == pytest.approx(0, abs=2e-3)


def test_a_curved_one_is_off_by_its_curvature():
    """A parabola's deviation from its best line, by polyfit on small offsets."""
    frames = mover(5, 30.0, dec=0.0, angle=np.pi / 2, snr=20.0)
    bend = 2.0 * np.array([1, 0.25, 0, 0.25, 1])  # arcsec to the north
    frames[:, DEC] += bend / 3600
    steps = np.arange(5)
    off = bend - np.polyval(np.polyfit(steps, bend, 1), steps)
    sigma = np.hypot(0.1, 4.5 / 2.355 / 20)
    assert fit_motion(stacked([frames])).residual[0] == pytest.approx(np.sqrt((off**2).sum() / sigma**2 / 6), rel=1e-4)


def test_fainter_frames_count_less():
    frames = mover(4, 30.0, dec=0.0, angle=np.pi / 2, snr=[50.0, 50.0, 50.0, 2.0])
    frames[3, DEC] += 3 / 3600
    bright = frames.copy()
    bright[:, SNR] = 50
    assert fit_motion(stacked([frames])).residual[0] < fit_motion(stacked([bright])).residual[0] / 3


def test_scatter_of_the_stated_size_has_a_residual_of_one():
    rng = np.random.default_rng(0)
    sigma = astrometric_error(np.array(10.0), FEATURE_SEEING, FLOOR)
    tracks = []
    for _ in range(400):
        frames = mover(5, 40.0, dec=20.0, snr=10.0)
        frames[:, RA] += rng.normal(0, sigma, 5) / 3600 / np.cos(np.radians(20))
        frames[:, DEC] += rng.normal(0, sigma, 5) / 3600
        tracks.append(frames)
    assert (fit_motion(stacked(tracks)).residual ** 2).mean() == pytest.approx(1, abs=0.06)


def test_flashes_of_one_exposure_fit_no_motion_however_straight():
    frames = mover(5, 300.0)
    frames[:, MJD] = frames[0, MJD]
    motion = fit_motion(stacked([frames]))
    assert np.isnan(motion.rate[0])
    assert motion.residual[0] > 100


def test_what_is_too_little_known_is_nan():
    nothing = np.full((4, len(FIELDS)), np.nan)
    two = mover(4)
    two[1:3, RA] = np.nan
    motion = fit_motion(stacked([nothing, two, mover(3)]))
    assert np.isnan(motion.residual[:2]).all()
    assert np.isnan(motion.rate).tolist() == [True, False, False]
    assert motion.residual[2] == pytest.approx(0, abs=1e-3)


def test_a_frame_without_a_time_takes_no_part():
    frames = mover(5)
    frames[2, MJD], frames[2, DEC] = np.nan, 40.0
    assert fit_motion(stacked([frames])).residual[0] == pytest.approx(0, abs=1e-3)


def test_padding_changes_nothing():
    alone = facts(stacked([mover(3, snr=9.0, mag=18.0)]))
    beside = facts(stacked([mover(3, snr=9.0, mag=18.0), mover(8)]))
    assert np.array_equal(alone[0], beside[0], equal_nan=True)


def test_facts_by_hand():
    frames = mover(4, 100.0, mag=[18.0, 18.2, 18.1, 18.3], x=[10.0, 13.0, 10.0, 40.0], y=[20.0, 24.0, 20.0, 60.0])
    told = dict(zip(NAMES, facts(stacked([frames]))[0], strict=True))
    pairs = sorted([5.0, 0.0, 50.0, 5.0, 50.0, np.hypot(27, 36)])
    assert told["rate"] == pytest.approx(2, abs=1e-5)
    assert told["magnitude scatter"] == pytest.approx(np.log10(np.std([18.0, 18.2, 18.1, 18.3], ddof=1)), abs=1e-5)
    assert told["closest pair"] == pytest.approx(-1)  # the same pixel, held at a tenth
    assert told["spread on the detector"] == pytest.approx(np.log10((pairs[2] + pairs[3]) / 2), abs=1e-5)
    assert told["detections"] == 2


def test_unknown_facts_are_nan_each_by_itself():
    bare = np.full((3, len(FIELDS)), np.nan)
    told = facts(stacked([bare, mover(3)]))
    assert np.isnan(told[0]).tolist() == [True] * 5 + [False]
    assert np.isnan(told[1]).tolist() == [False, False, True, True, True, False]


def test_the_order_of_frames_makes_no_difference_to_the_last_bit():
    random = np.random.default_rng(3)
    frames = mover(7, 500.0, mag=random.normal(18, 1, 7), snr=random.uniform(5, 30, 7))
    frames[:, [X, Y]] = random.uniform(0, 100, (7, 2))
    frames[:, DEC] += random.normal(0, 1e-4, 7)
    tracks = stacked([frames[random.permutation(7)] for _ in range(30)])
    assert len(np.unique(facts(tracks), axis=0)) == 1


def test_a_subject_as_it_was_read():
    pixels = np.zeros((1, 4, 4))
    frames = [FrameRecord(pixels, mjd_mid=60000 + k, ra=10.0 + k, dec=1.0, mag=mag) for k, mag in enumerate((18, -99))]
    record = SubjectRecord("a", "tracklet", frames, metadata={"#x1": "5.5", "#y1": "7", "x2": "6", "#y2": "far"})
    seen = frames_of_record(record)
    assert seen[:, MAG].tolist() == pytest.approx([18, np.nan], nan_ok=True)
    assert seen[:, X].tolist() == [5.5, 6]
    assert seen[:, Y].tolist() == pytest.approx([7, np.nan], nan_ok=True)
    assert np.isnan(seen[:, SNR]).all()


def test_one_place_for_all_frames_is_the_subjects_and_says_nothing_of_motion():
    seen = sightings([(60000.0, 10.0, 5.0, None, None)] * 3, {})
    assert np.isnan(seen[:, [RA, DEC]]).all()


def test_one_time_of_a_manifest_for_all_frames_is_none_of_theirs():
    assert own_time(60000.0, "mjd of the manifest") is None
    assert own_time(60000.0, "mjd2 of the manifest") == 60000.0


def test_missing_frames_know_nothing():
    tracks = TrackletFrames(np.ones((1, 3, len(FIELDS))), np.array([[True, False, True]]))
    assert np.isnan(tracks.of("mag")[0]).tolist() == [False, True, False]
    assert tracks.counts.tolist() == [2]


def test_a_correlation_counts_only_beside_errors_of_its_own():
    rms_ra, rms_dec = np.array([0.3, 0.3, np.nan, 0.3, 0.3]), np.array([0.2, 0.2, 0.2, 0.0, 0.2])
    corr = np.array([-0.5, np.nan, 0.5, 0.5, 1.0])
    east, north, both = position_errors(rms_ra, rms_dec, corr, np.full(5, 10.0), seeing=2.355, floor=0.1)
    guess = np.hypot(0.1, 0.1)
    assert east == pytest.approx([0.3, 0.3, guess, 0.3, 0.3])
    assert north == pytest.approx([0.2, 0.2, 0.2, guess, 0.2])
    assert both.tolist() == [-0.5, 0, 0, 0, 0]
