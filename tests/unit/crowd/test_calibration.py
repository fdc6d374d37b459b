"""Calibration of simulated posteriors, against known values and explicit formulas."""

import numpy as np
import pytest
from scipy.stats import beta

from ml.crowd.posterior_calibration import calibration


def sky(n, seed=0, bend=1.0):
    """Posteriors (n,) spread evenly, and truths whose odds are the posterior's to the power of `bend`."""
    random = np.random.default_rng(seed)
    p = random.random(n)
    odds = (p / (1 - p)) ** bend
    return random.random(n) < odds / (1 + odds), p


def test_a_right_posterior_is_found_right():
    found = calibration(*sky(5000))
    assert found.ece < found.ece_by_chance
    assert sum(each.fraction_low <= each.mean <= each.fraction_high for each in found.bins) >= 8
    assert found.brier == pytest.approx(1 / 6, abs=0.01)  # ∫ p(1 − p) dp


def test_an_overconfident_posterior_is_found_out():
    found = calibration(*sky(5000, bend=0.3))
    assert found.ece > 2 * found.ece_by_chance
    assert found.bins[-1].fraction_high < found.bins[-1].mean
    assert found.bins[0].fraction_low > found.bins[0].mean


@pytest.mark.parametrize(("bend", "temperature"), [(1.0, 1.0), (0.3, 1 / 0.3), (2.0, 0.5)])
def test_the_temperature_is_that_of_the_bend(bend, temperature):
    assert calibration(*sky(20_000, bend=bend)).temperature == pytest.approx(temperature, rel=0.05)


def test_one_class_alone_has_no_temperature():
    assert calibration(np.array([True, True]), np.array([0.7, 0.8])).temperature is None


def test_numbers_against_the_formulas_written_out():
    truth, p = sky(300, seed=3)
    found = calibration(truth, p, bins=4)
    assert found.brier == pytest.approx(np.mean((p - truth) ** 2))
    parts = [(p[place], truth[place]) for k in range(4) for place in [(p >= k / 4) & (p < (k + 1) / 4)]]
    assert found.ece == pytest.approx(sum(len(q) / 300 * abs(q.mean() - t.mean()) for q, t in parts))
    assert [each.n for each in found.bins] == [len(q) for q, _ in parts]
    assert sum(each.n for each in found.bins) == found.n == 300
    for each in found.bins:
        assert each.fraction_low == pytest.approx(beta.ppf(0.025, each.yes + 0.5, each.n - each.yes + 0.5))
    assert found.brier_interval[0] < found.brier < found.brier_interval[1]


def test_rows_of_one_object_make_the_interval_wider():
    truth, p = sky(200, seed=1)
    alone = calibration(np.repeat(truth, 5), np.repeat(p, 5))
    together = calibration(np.repeat(truth, 5), np.repeat(p, 5), np.repeat(np.arange(200), 5))
    width = [high - low for low, high in (alone.brier_interval, together.brier_interval)]
    assert width[1] > 1.8 * width[0]


def test_the_same_seed_gives_the_same_intervals():
    assert calibration(*sky(50)) == calibration(*sky(50))


def test_one_is_in_the_last_bin_and_a_single_subject_has_a_wide_interval():
    [only] = calibration(np.array([True]), np.array([1.0])).bins
    assert (only.low, only.high, only.fraction, only.fraction_high) == (0.9, 1.0, 1.0, 1.0)
    assert only.fraction_low < 0.2


@pytest.mark.parametrize(
    ("truth", "p", "message"),
    [
        ([], [], "at least one"),
        ([True], [0.2, 0.3], "one length"),
        ([True], [np.nan], "between 0 and 1"),
        ([True], [1.01], "between 0 and 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(truth, p, message):
    with pytest.raises(ValueError, match=message):
        calibration(np.array(truth), np.array(p))
