"""Mid-exposure times and modified Julian dates, against astropy's."""

from datetime import UTC, date, datetime

import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from ml.io.mjd import JD_MINUS_MJD, UNIX_EPOCH, date_of, day_number, utc_of
from ml.io.records import BadInput
from ml.io.times import mid_exposure


def told(**cards):
    return mid_exposure({key.replace("_", "-"): value for key, value in cards.items()}.get)


@pytest.mark.parametrize(
    ("cards", "mjd", "keyword"),
    [
        ({"MJD_AVG": 60000.5, "MJD_OBS": 1.5}, 60000.5, "MJD-AVG"),
        ({"MJD_MID": "60000.5"}, 60000.5, "MJD-MID"),
        ({"DATE_AVG": "2023-02-25T12:00:00"}, 60000.5, "DATE-AVG"),
        ({"MJD_OBS": 60000.5, "EXPTIME": 86.4}, 60000.5005, "MJD-OBS + EXPTIME/2"),
        ({"MJD_BEG": 60000.5, "MJD_OBS": 1.5, "XPOSURE": 86.4}, 60000.5005, "MJD-BEG + XPOSURE/2"),
        ({"MJD_BEG": 60000.5, "MJD_END": 60000.502}, 60000.501, "(MJD-BEG + MJD-END)/2"),
        ({"DATE_BEG": "2023-02-25T12:00:00", "EXPOSURE": 86.4}, 60000.5005, "DATE-BEG + EXPOSURE/2"),
        (
            {"DATE_OBS": "2023-02-25", "TIME_OBS": "12:00:00.0", "EXPTIME": 86.4},
            60000.5005,
            "DATE-OBS + TIME-OBS + EXPTIME/2",
        ),
        (
            {"DATE_OBS": "2023-02-25 12:00:00", "UT": "12:00:00", "EXPTIME": 86.4},
            60000.5005,
            "DATE-OBS + EXPTIME/2",
        ),
        ({"DATE_OBS": "2023-02-25T14:00:00+02:00", "EXPTIME": 86.4}, 60000.5005, "DATE-OBS + EXPTIME/2"),
        ({"DATE_OBS": "25/02/98", "UT": "12:00", "EXPTIME": 86.4}, 50869.5005, "DATE-OBS + UT + EXPTIME/2"),
        (
            {"MJD_OBS": 60000.0, "DATE_OBS": "2023-02-25", "UT": "12:00:00", "EXPTIME": 86.4},
            60000.5005,
            "DATE-OBS + UT + EXPTIME/2",
        ),
        ({"MJD_OBS": 60000.0, "EXPTIME": 86.4}, 60000.0005, "MJD-OBS + EXPTIME/2"),
        ({"MJD_OBS": 60000.5}, 60000.5, "MJD-OBS (start; no EXPTIME)"),
        ({"MJD_OBS": 60000.5, "EXPTIME": 0.0}, 60000.5, "MJD-OBS (start; no EXPTIME)"),
        ({"MJD_OBS": "soon", "DATE_OBS": "yesterday"}, None, "MJD-OBS is “soon”, which is no date"),
        ({"DATE_OBS": "2024-13-45"}, None, "DATE-OBS is “2024-13-45”, which is no date"),
        ({"MJD_OBS": float("nan")}, None, "MJD-OBS is “nan”, which is no date"),
        ({"MJD_OBS": " ", "DATE_OBS": ""}, None, ""),
        ({}, None, ""),
    ],
    ids=str,
)
def test_each_way_of_telling_the_time(cards, mjd, keyword):
    found, said = told(**cards)
    assert said == keyword
    assert found == (None if mjd is None else pytest.approx(mjd, abs=1e-9))


@pytest.mark.parametrize(("scale", "seconds"), [("TAI", 37.0), ("TT", 69.184), ("TDB", 69.184), ("GPS", 18.0)])
def test_other_time_scales_become_utc_and_say_so(scale, seconds):
    mjd, keyword = told(MJD_AVG=60000.5, TIMESYS=scale)
    assert (60000.5 - mjd) * 86400 == pytest.approx(seconds, abs=0.002)
    assert keyword == f"MJD-AVG, {scale} to UTC"


@given(mjd=st.floats(44239.5, 61000), scale=st.sampled_from(["tai", "tt", "tdb"]))
def test_conversion_agrees_with_astropy_but_on_a_leap_second_day(mjd, scale):
    there = Time(mjd, format="mjd", scale=scale)
    if Time(int(mjd) + 1, format="mjd", scale="tai").utc.jd != Time(int(mjd), format="mjd", scale="tai").utc.jd + 1:
        return
    found, _ = told(MJD_AVG=mjd, TIMESYS=scale.upper())
    assert (found - there.utc.mjd) * 86400 == pytest.approx(0, abs=1e-4)


def test_an_unknown_time_scale_gives_no_time_but_a_reason():
    assert told(MJD_AVG=60000.5, TIMESYS="LMST") == (None, "MJD-AVG is in LMST, which is not a known time scale")


@pytest.mark.parametrize("scale", ["UTC", "TAI", "GPS"])
@pytest.mark.parametrize("cards", [{"MJD_AVG": 1e10}, {"MJD_OBS": 2460000.5}, {"MJD_OBS": 6e4, "EXPTIME": 1e300}])
def test_a_time_that_no_clock_tells_is_refused(cards, scale):
    with pytest.raises(BadInput, match=r"it must be a modified Julian date \(for a Julian date, subtract 2400000.5\)"):
        told(TIMESYS=scale, **cards)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1858, 11, 17), date(1970, 1, 1), date(2023, 2, 25)])
def test_a_date_has_the_modified_julian_date_that_astropy_gives_it(day):
    theirs = Time(f"{day.year:04}-{day.month:02}-{day.day:02}T00:00:00", scale="tai")
    assert day_number(day) == theirs.mjd == theirs.jd - JD_MINUS_MJD
    assert date_of(day_number(day)) == day
    assert utc_of(day_number(day) + 0.5) == datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def test_unix_time_begins_in_1970():
    assert utc_of(UNIX_EPOCH).timestamp() == 0
