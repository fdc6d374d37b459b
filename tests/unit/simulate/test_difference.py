import numpy as np
import pytest

from ml.simulate.atlas.difference import CLASSES, WINDOW, correlate, draw_sources, paint_centres, shifted, sky, stamps

PER_CLASS = 40


@pytest.fixture(scope="module")
def night():
    rng = np.random.default_rng(5)
    label = np.repeat(CLASSES, PER_CLASS)
    sources = draw_sources(rng, label)
    return label, sources, stamps(rng, sources)


@pytest.fixture(scope="module")
def light():
    """Return noiseless centres of equally many sources."""
    rng = np.random.default_rng(6)
    label = np.repeat(CLASSES, PER_CLASS)
    sources = draw_sources(rng, label)
    return label, sources, paint_centres(rng, sources, 100)


def test_every_class_is_drawn(night):
    label, sources, pixels = night
    assert pixels.shape == (8 * PER_CLASS, 100, 100)
    assert pixels.dtype == np.float32
    assert (sources.snr > 0).all()
    assert set(label) == set(CLASSES)


def test_nan_hides_the_edge_of_the_chip_and_never_a_whole_stamp(night):
    _, _, pixels = night
    hidden = np.isnan(pixels).mean(axis=(1, 2))
    assert 0.01 < (hidden > 0.01).mean() < 0.2
    assert hidden.max() < 0.6
    assert not np.isinf(pixels).any()


def test_the_middle_of_a_faint_stamp_is_never_masked(night):
    label, _, pixels = night
    faint = np.isin(label, ("AST", "NOISE", "CR", "STREAK", "COMET", "SCAR"))
    assert np.isfinite(pixels[faint, 47:53, 47:53]).all()


def test_signal_to_noise_is_that_of_a_matched_filter(light):
    """Noise filtered with the same template must have a scatter of 1 in units of the S/N."""
    label, sources, pixels = light
    rng = np.random.default_rng(7)
    rows = np.flatnonzero(label == "AST")[:8]
    core = slice(50 - WINDOW, 50 + WINDOW + 1)
    for row in rows:
        template = pixels[row, core, core]
        noise = correlate(rng.standard_normal((2000, *template.shape)))
        filtered = (noise * template).sum(axis=(1, 2))
        assert (template**2).sum() / filtered.std() == pytest.approx(sources.snr[row], rel=0.08)


def test_noise_has_no_source_to_speak_of(light):
    label, sources, _ = light
    assert sources.snr[label == "NOISE"].max() < 6
    assert sources.snr[label == "AST"].min() >= 5


def test_burns_run_along_columns_and_spikes_along_diagonals(light):
    label, _, pixels = light
    column = np.abs(pixels[label == "BURN", :, 48:52]).mean(axis=2)
    assert (np.median(column[:, 35:65], axis=1) > 0.1 * column[:, 47:53].mean(axis=1)).mean() > 0.8
    spikes = pixels[label == "SPIKE"]
    diagonal = np.trace(spikes[:, 40:60, 40:60], axis1=1, axis2=2)
    other = np.trace(spikes[:, 40:60, 59:39:-1], axis1=1, axis2=2)
    beside = spikes[:, 40:60, 45].sum(axis=1)
    assert (np.maximum(diagonal, other) > beside).mean() > 0.85


def test_cosmic_rays_are_sharper_than_stars(light):
    label, _, pixels = light

    def sharpness(name):
        chosen = pixels[label == name]
        return np.median(chosen.max(axis=(1, 2)) / chosen.sum(axis=(1, 2)))

    assert sharpness("CR") > 2 * sharpness("AST")


def test_scars_have_both_signs(light):
    label, _, pixels = light
    scars = pixels[label == "SCAR"]
    assert (scars.min(axis=(1, 2)) < -0.1 * scars.max(axis=(1, 2))).mean() > 0.8


def test_comets_are_wider_than_asteroids(light):
    label, _, pixels = light

    def near(name):
        chosen = pixels[label == name]
        return np.median(chosen[:, 46:54, 46:54].sum(axis=(1, 2)) / chosen.sum(axis=(1, 2)))

    assert near("COMET") < 0.7 * near("AST")


def test_the_sky_has_unit_noise_where_it_is_dark():
    rng = np.random.default_rng(8)
    dark = sky(rng, np.zeros((50, 100, 100), np.float32), 100)
    assert np.diff(dark, axis=2).std() / np.sqrt(2) == pytest.approx(0.95, abs=0.07)


def test_shifting_leaves_nothing_behind():
    image = np.arange(16.0).reshape(4, 4)
    assert shifted(image, 1, -2).tolist() == [[0, 0, 0, 0], [2, 3, 0, 0], [6, 7, 0, 0], [10, 11, 0, 0]]
    assert not shifted(image, 4, 0).any()
