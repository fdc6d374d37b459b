"""Trails on real sky: a satellite's streak, a plate's asteroid, Rubin's faint trails. Skipped without the data.

The classical detector, which needs no training, looks for the streak. The plate and the alerts are looked at by the
network, trained for a minute on a drawn sky as seen from the ground (`tests/real/ground_sky.py`), on none of these
pixels. Every test also counts what is found where nothing should be.
"""

import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from ml.__main__ import main
from ml.checkpoint import Checkpoint
from ml.trails.line_sums import ClassicalDetector
from ml.trails.restore import detector_of
from tests.real.ground_sky import ground_sky

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("shared_data"), pytest.mark.timeout(300)]
SURE = 0.5
ASTEROID = (1066.0, 1303.0)  # middle of the trail that the plate's hand-drawn arrow points to, read off the image
ASTEROID_ANGLE = 37.0


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """Train on 60 drawn images of 256 × 256 pixels for about a minute."""
    folder = tmp_path_factory.mktemp("ground")
    data = ground_sky(folder, 60, seed=1)
    words = ["--role", "trail", "--data", str(data), "--out", str(folder / "model"), "--minutes", "1", "--steps", "280"]
    assert main(["train", *words, "--seed", "1"]) == 0
    return detector_of(Checkpoint.load(folder / "model"))


def stamps(path):
    """Yield each alert's name (empty if it is no known asteroid) and its difference stamp."""
    for row in pq.read_table(path, columns=["ssSource", "cutoutDifference"]).to_pylist():
        pixels = fits.getdata(io.BytesIO(row["cutoutDifference"])).astype(np.float32)
        yield (row["ssSource"] or {}).get("designation") or "", pixels


def off_the_line(trail, point):
    """Return how far a point lies from a trail's curve, in pixels."""
    return float(np.hypot(*(trail.curve - point).T).min())


def angle(line):
    return float(np.degrees(np.arctan2(line[3] - line[1], line[2] - line[0])) % 180)


def turned(one, other):
    """Return the angle between two lines, 0 to 90 degrees."""
    return abs((one - other + 90) % 180 - 90)


def long_axis(stamp):
    """Return the direction of a source's long axis in degrees, from the second moments of its bright pixels."""
    noise = 1.4826 * np.median(np.abs(stamp - np.median(stamp)))
    y, x = np.nonzero(stamp - np.median(stamp) > max(3 * noise, 0.2 * stamp.max()))
    weight = stamp[y, x]
    x, y = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    xx, yy, xy = (np.average(part, weights=weight) for part in (x * x, y * y, x * y))
    return float(np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) % 180)


def test_a_satellites_streak_and_nothing_else(shared_data):
    """The one streak, from (22, 338) to (339, 310) within 8 pixels, and no second trail among a hundred stars."""
    image = fits.getdata(shared_data / "trails" / "satellite-streak.fits")
    found = [trail for trail in ClassicalDetector().trails(image) if trail.score > 0.4]
    assert len(found) == 1
    ends = np.sort(found[0].line.reshape(2, 2), axis=0)
    assert ends == pytest.approx(np.array([[22, 310], [339, 338]]), abs=8)


def test_the_asteroid_of_a_plate_of_1950(shared_data, detector):
    """(382632): ten pixels long, at the arrow's tip; found within 3 pixels and 25 degrees, and how many others are."""
    image = fits.getdata(shared_data / "trails" / "palomar-1950-ngc2403.fits.gz")
    found = detector.trails(image)
    near = [trail for trail in found if off_the_line(trail, ASTEROID) < 3]
    assert near, "the asteroid is not among what was found"
    best = max(near, key=lambda trail: trail.score)
    rank = [trail.score for trail in found].index(best.score) + 1
    print(f"Palomar: score {best.score:.2f}, rank {rank} of {len(found)} on 3.1 million pixels")
    assert best.score > SURE
    assert turned(angle(best.line), ASTEROID_ANGLE) < 25


def test_rubins_faint_trails(shared_data, detector):
    """Seven known asteroids, 8 to 12 pixels long: found are those with a sure trail through the middle of the stamp."""
    named = [(name, stamp) for name, stamp in stamps(shared_data / "rubin" / "faint_trails.parquet") if name]
    found = {}
    for name, stamp in named:
        middle = (np.array(stamp.shape[::-1]) - 1) / 2
        sure = [trail for trail in detector.trails(stamp) if trail.score > SURE]
        hits = [trail for trail in sure if off_the_line(trail, middle) < 4]
        found[name] = bool(hits)
        assert len(sure) - len(hits) <= 1, f"{name}: more than one trail off the middle"
    print(f"Rubin: {json.dumps(found)}")
    assert sum(found.values()) >= 4
