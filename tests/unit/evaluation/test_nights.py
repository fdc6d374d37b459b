import numpy as np
import pytest

from ml.data.nights import nights_of
from ml.evaluation.observing_conditions import Condition, together

EVENING, HOUR = 60000.0, 1 / 24


def observed(first_hour, last_hour, nights=3):
    """Times every half hour from one hour UT to another, on some successive nights."""
    hours = np.arange(first_hour, last_hour + 0.1, 0.5)
    return (EVENING + np.arange(nights)[:, None] + hours * HOUR).ravel()


@pytest.mark.parametrize(("site", "first", "last"), [("Chile", 23, 34), ("South Africa", 17.5, 28), ("Europe", 19, 29)])
def test_a_night_that_crosses_0h_ut_is_one_night(site, first, last):
    mjd = observed(first, last)
    assert nights_of(mjd).tolist() == np.repeat(["60000", "60001", "60002"], len(mjd) // 3).tolist(), site


def test_a_night_in_hawaii_lies_within_one_day_of_ut_and_keeps_its_mjd():
    mjd = observed(5, 15.5)
    assert nights_of(mjd).tolist() == np.floor(mjd).astype(int).astype(str).tolist()


def test_two_sites_with_daylight_in_common_have_nights_in_common():
    mjd = np.concatenate([observed(23, 34), observed(29, 39.5)])  # Chile, and Hawaii after it
    assert np.unique(nights_of(mjd), return_counts=True)[1].tolist() == [len(mjd) // 3] * 3


@pytest.mark.parametrize("step", [0.01, 0.1, 3.9 * HOUR])
def test_without_daylight_the_day_of_ut_is_the_night(step):
    mjd = EVENING + np.arange(0, 3, step)
    assert nights_of(mjd).tolist() == np.floor(mjd).astype(int).astype(str).tolist()


def test_one_time_is_of_its_day_and_none_of_no_night():
    assert nights_of(np.array([60000.9, np.nan])).tolist() == ["60000", ""]
    assert nights_of(np.array([np.nan])).tolist() == [""]
    assert nights_of(np.array([])).tolist() == []


def test_a_night_that_has_a_name_keeps_it_wherever_it_is_written():
    said = [Condition(mjd=60000.98), Condition(mjd=60001.3, night="first"), Condition(mjd=60001.2)]
    seen = together(["a", "b", "c"], said, {"c": Condition(night="second")})
    assert seen.night.tolist() == ["60000", "first", "second"]


def test_subjects_before_and_after_0h_ut_are_of_one_night():
    seen = together(["a", "b"], [Condition(mjd=60000.98), Condition(mjd=60001.2)], {})
    assert seen.night.tolist() == ["60000", "60000"]
