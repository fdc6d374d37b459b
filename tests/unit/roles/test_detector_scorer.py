"""A detector scores whole subjects, as on the site."""

import numpy as np
import pytest

from ml.cubes.track_spline import fit_spline
from ml.cubes.tracks import Track
from ml.evaluation.metrics.overlap import line_distance
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.detections import WIDTH, Detection, best, packed, unpacked
from ml.roles.detector_scorer import DetectorScorer, key_of, line_of
from ml.trails.train_detector import CLASSICAL, trail_manifest
from tests.unit.trails.skies import line, noisy

CHECKPOINT = Checkpoint(trail_manifest(CLASSICAL, "classical"), {})


@pytest.fixture(scope="module")
def block():
    """Return subjects (4, 2, 1, 128, 128): two with a line in their second frame, one of noise, one of NaN."""
    random = np.random.default_rng(0)
    frames = random.normal(10, 1, (4, 2, 1, 128, 128)).astype(np.float32)
    for number in (0, 1):
        frames[number, 1, 0] = noisy((128, 128), line(20, 30 + 20 * number, 110, 90), seed=number)
    frames[3] = np.nan
    return frames


def test_a_trail_in_any_frame_makes_a_yes_likelier(block):
    finder = DetectorScorer(CHECKPOINT)
    p = finder.p_real(finder.probabilities_from_features(finder.features(block)))
    assert min(p[:2]) > max(p[2:])
    assert p[3] < 0.001


def test_what_is_kept_gives_the_same_answer_again(block):
    finder = DetectorScorer(CHECKPOINT)
    kept = finder.features(block)
    assert kept.shape == (4, 1, 1 + WIDTH)
    assert kept.dtype == np.float16
    p = finder.probabilities_from_features(kept)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-kept[:, 0, 0].astype(float))), rtol=1e-3)


def test_the_surest_detections_are_kept_where_they_are(block):
    finder = DetectorScorer(CHECKPOINT)
    found = finder.detections(finder.features(block))
    assert [len(detections) > 0 for detections in found] == [True, True, False, False]
    for detections, y in zip(found, (30, 50), strict=False):
        assert detections[0].frame == 1
        assert line_distance(np.array([detections[0].line]), np.array([[20, y, 110, 90]], dtype=float))[0, 0] < 3
        assert [find.score for find in detections] == sorted((find.score for find in detections), reverse=True)


def test_few_sure_detections_are_kept_to_a_hundredth_of_a_pixel():
    random = np.random.default_rng(0)
    detections = [Detection(n % 3, tuple(random.uniform(-0.5, 9999, 4)), n / 20) for n in range(20)]
    kept = best(detections)
    assert [find.score for find in kept] == [n / 20 for n in range(19, 9, -1)]
    assert best(detections[:2]) == []
    for before, after in zip(kept, unpacked(packed(kept)), strict=True):
        assert after.frame == before.frame
        assert after.line == pytest.approx(before.line, abs=0.01)
        assert after.score == pytest.approx(before.score, abs=1e-6)
    assert unpacked(packed([])) == []


def test_the_key_names_weights_and_threshold():
    other = Checkpoint({**CHECKPOINT.manifest, "threshold": 0.7}, {})
    assert key_of(other) != key_of(CHECKPOINT) == key_of(Checkpoint(dict(CHECKPOINT.manifest), {}))


def test_a_track_through_a_cube_is_a_line_in_its_middle_frame():
    frame = np.arange(2, 9)
    x, y, peak = 10.0 + 2 * frame, 40.0 - frame, np.full(7, 0.8)
    found = line_of(Track(frame, x, y, peak, fit_spline(frame, x, y, peak), 0.8))
    assert (found.frame, found.score) == (5, 0.8)
    assert found.line == pytest.approx((14, 38, 26, 32), abs=0.01)
    assert unpacked(packed([found]))[0].line == pytest.approx(found.line, abs=0.01)


@pytest.mark.parametrize("frame", [np.arange(2, 10), np.r_[2:9, 20:25], np.r_[0, 1, 7:13]])
@pytest.mark.parametrize("bend", [0.0, 0.05])
def test_the_middle_of_a_tracks_line_is_where_it_was_in_that_frame(frame, bend):
    x, y, peak = 10.0 + 2 * frame, 40.0 - frame + bend * frame**2, np.full(len(frame), 0.8)
    found = line_of(Track(frame, x, y, peak, fit_spline(frame, x, y, peak), 0.8))
    middle = np.reshape(found.line, (2, 2)).mean(axis=0)
    assert found.frame in frame, "a frame without a detection may lack a time"
    assert middle == pytest.approx((10 + 2 * found.frame, 40 - found.frame + bend * found.frame**2), abs=0.01)
    assert np.diff(np.reshape(found.line, (2, 2)), axis=0)[0] == pytest.approx((x[-1] - x[0], y[-1] - y[0]), abs=0.01)


def test_a_classifier_is_no_finder():
    with pytest.raises(BadCheckpoint, match="'stamp' is not a detector"):
        DetectorScorer(Checkpoint({**CHECKPOINT.manifest, "role": "stamp"}, {}))
