"""Simulated alerts, and the stamps of all skies with their labels."""

import numpy as np
import pytest

from ml.simulate.alerts.alert_triples import MOVERS, SHARES, alert_triples
from ml.simulate.labelled_stamps import KINDS, SIZE, SKIES


@pytest.fixture(scope="module")
def drawn():
    return alert_triples(np.random.default_rng(8), 1200)


def at_the_source(drawn, kind):
    """Return the mean flux within 2 pixels of the source of each plane (n, 3), above the median of the plane."""
    rows = np.flatnonzero(drawn.kind == kind)
    pixels = drawn.pixels[rows]
    middle = slice(SIZE // 2 - 2, SIZE // 2 + 2)
    level = np.nanmedian(pixels, axis=(2, 3))
    return np.nanmean(pixels[:, :, middle, middle], axis=(2, 3)) - level


def test_the_seed_decides_the_sky():
    first, again = (alert_triples(np.random.default_rng(8), 60) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)


def test_kinds_have_their_shares(drawn):
    assert sum(SHARES.values()) == pytest.approx(1)
    for kind, share in SHARES.items():
        assert (drawn.kind == kind).mean() == pytest.approx(share, abs=0.035)


@pytest.mark.parametrize("kind", MOVERS)
def test_a_mover_is_new(drawn, kind):
    science, template, difference = np.median(at_the_source(drawn, kind), axis=0)
    assert difference > 1
    assert science > 1
    assert abs(template) < 0.2


def test_what_is_gone_is_only_in_the_template(drawn):
    science, template, difference = np.median(at_the_source(drawn, "NEGATIVE"), axis=0)
    assert template > 1
    assert difference < -1
    assert abs(science) < 0.5


@pytest.mark.parametrize("kind", ["STAR", "TRANSIENT", "GALAXY", "DIPOLE"])
def test_what_is_static_is_in_both(drawn, kind):
    science, template, _ = np.median(at_the_source(drawn, kind), axis=0)
    assert science > 0.5
    assert template > 0.5


def test_a_cosmic_ray_is_sharper_than_a_point(drawn):
    def sharpness(kind):
        difference = drawn.pixels[drawn.kind == kind, 2][:, 30:42, 30:42]
        return np.nanmedian(np.nanmax(difference, axis=(1, 2)) / np.sqrt(np.nansum(difference**2, axis=(1, 2))))

    assert sharpness("COSMIC_RAY") > 1.2 * sharpness("POINT")


def test_only_lines_have_a_length(drawn):
    assert set(drawn.kind[~np.isnan(drawn.length)]) == {"TRAIL", "SATELLITE"}
    assert np.array_equal(np.isnan(drawn.length), np.isnan(drawn.angle))


@pytest.mark.parametrize("sky", SKIES)
def test_every_sky_speaks_one_language(sky):
    stamps = SKIES[sky](np.random.default_rng(1), 30)
    assert stamps.pixels.shape[0] == 30
    assert stamps.pixels.shape[2:] == (SIZE, SIZE)
    assert stamps.kinds.shape == (30, len(KINDS))
    assert stamps.kinds.any(1).all()
    known = stamps.real[~np.isnan(stamps.real)]
    assert set(known) <= {0, 1}
    is_mover = stamps.kinds[:, [KINDS.index(kind) for kind in KINDS if kind not in MOVERS]].sum(1) == 0
    assert (stamps.real[is_mover] == 1).all()
    trails = stamps.kinds[:, KINDS.index("TRAIL")]
    assert np.isfinite(stamps.length[trails]).all()


@pytest.mark.parametrize("sky", ["alerts", "ground"])
def test_a_trail_lies_where_its_labels_say(sky):
    stamps = SKIES[sky](np.random.default_rng(2), 300)
    long = np.flatnonzero(stamps.kinds[:, KINDS.index("TRAIL")] & (stamps.length > 8))
    pixels, middle = stamps.pixels[long, -1], (SIZE - 1) / 2
    on, off = [], []
    for image, row in zip(pixels, long, strict=True):
        along = np.linspace(-0.35, 0.35, 15) * stamps.length[row]
        for angle, values in ((stamps.angle[row], on), (stamps.angle[row] + np.pi / 2, off)):
            x, y = stamps.x[row] + along * np.cos(angle), stamps.y[row] + along * np.sin(angle)
            values.append(np.nanmean(image[np.rint(y + middle).astype(int), np.rint(x + middle).astype(int)]))
    assert len(on) > 15
    assert np.mean(np.array(on) > np.array(off)) > 0.85
