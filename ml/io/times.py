"""Mid-exposure times in UTC from FITS headers.

A moving object's position is only as good as its time, and headers give times in many ways: so the keyword that gave
the time is always returned with it.
"""

import math
import re
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from astropy.time import Time

from ml.io.message import Message
from ml.io.mjd import DAY, MJD_EPOCH, UNIX_EPOCH
from ml.io.records import BadInput

Card = Callable[[str], Any]
"""Looks up a keyword; None without such a card."""

_FURTHEST = 200_000.0  # days from the epoch of MJD, to the years 1311 and 2406
_SCALES = {"UTC": "utc", "UT": "utc", "UT1": "utc", "GMT": "utc", "Z": "utc", "TAI": "tai", "IAT": "tai"}
_SCALES |= {"TT": "tt", "TDT": "tt", "ET": "tt", "TDB": "tdb", "TCB": "tcb", "TCG": "tcg"}
_TIMES = ("MJD-AVG", "MJD-MID", "DATE-AVG", "DATE-MID", "MJD-BEG", "MJD-OBS", "DATE-BEG", "DATE-OBS")
_SHOWN = 24  # characters of what is no date: with the rest, they fit into a frame's row
_CLOCKS = ("TIME-OBS", "UTC-OBS", "UTSTART", "UT", "UTC")
_OLD_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2,3})$")


def mid_exposure(card: Card) -> tuple[float | None, str]:
    """Return the middle of the exposure.

    Raises BadInput: the time is not a possible modified Julian date.

    Parameters
    ----------
    card
        Looks one keyword up.

    Returns
    -------
    tuple
        MJD in UTC, or None; and its origin: ``"MJD-AVG"``, ``"MJD-OBS + EXPTIME/2"``, ``"(DATE-BEG + DATE-END)/2"``, or
        ``"DATE-OBS (start; no EXPTIME)"`` if the header has no exposure time. A time scale other than UTC is named:
        ``"MJD-AVG, TAI to UTC"``. Without a time, what is wrong with it: ``"DATE-OBS is “2024-13-45”, which is no
        date"``; empty if the header gives none.

    Notes
    -----
    Keywords after the FITS standard, version 4.0, section 9. UT1 is taken as UTC, from which it differs by less
    than 0.9 s.
    """
    mjd, keyword = _stated_middle(card)
    if mjd is None:
        mjd, keyword = _middle_from_start(card)
    if mjd is None:
        return None, _nonsense(card)
    return to_utc(mjd, keyword, str(card("TIMESYS") or "UTC").strip().upper())


def _nonsense(card: Card) -> str:
    """Say which of the keywords of times holds none; nothing if all are missing or blank."""
    for keyword in _TIMES:
        if text := str(card(keyword) if card(keyword) is not None else "").strip():
            return f"{keyword} is “{text[:_SHOWN]}”, which is no date"
    return ""


def exposure_seconds(card: Card) -> tuple[float | None, str]:
    """Return the exposure time in seconds and its keyword; None if none is positive."""
    for keyword in ("EXPTIME", "XPOSURE", "EXPOSURE"):
        seconds = _number(card(keyword))
        if seconds is not None and seconds > 0:
            return seconds, keyword
    return None, ""


def is_time_scale(name: str) -> bool:
    """Return whether `to_utc` knows the time scale."""
    return name == "GPS" or name in _SCALES


def mjd_now() -> float:
    """Return the time by this machine's clock, MJD in UTC."""
    return time.time() / DAY + UNIX_EPOCH


def _stated_middle(card: Card) -> tuple[float | None, str]:
    for keyword in ("MJD-AVG", "MJD-MID"):
        if (mjd := _number(card(keyword))) is not None:
            return mjd, keyword
    for keyword in ("DATE-AVG", "DATE-MID"):
        if (mjd := _date(card(keyword))) is not None:
            return mjd, keyword
    return None, ""


def _middle_from_start(card: Card) -> tuple[float | None, str]:
    start, start_keyword = _edge(card, ("MJD-BEG", "MJD-OBS"), ("DATE-BEG", "DATE-OBS"))
    if start is None:
        return None, ""
    seconds, exposure_keyword = exposure_seconds(card)
    if seconds is not None:
        return start + seconds / 2 / DAY, f"{start_keyword} + {exposure_keyword}/2"
    end, end_keyword = _edge(card, ("MJD-END",), ("DATE-END",))
    if end is not None and end >= start:
        return (start + end) / 2, f"({start_keyword} + {end_keyword})/2"
    return start, f"{start_keyword} (start; no EXPTIME)"


def _edge(card: Card, mjd_keywords: tuple[str, ...], date_keywords: tuple[str, ...]) -> tuple[float | None, str]:
    whole_day: tuple[float | None, str] = (None, "")
    for keyword in mjd_keywords:
        mjd = _number(card(keyword))
        if mjd is not None and mjd != math.floor(mjd):
            return mjd, keyword
        if mjd is not None and whole_day[0] is None:
            whole_day = mjd, keyword  # Some headers round MJD-OBS down to the night: a clock beside it knows better.
    for keyword in date_keywords:
        mjd, used = _date_and_clock(card, keyword)
        if mjd is not None:
            return mjd, used
    return whole_day


def _date_and_clock(card: Card, keyword: str) -> tuple[float | None, str]:
    text = str(card(keyword) or "").strip()
    mjd = _date(text)
    if mjd is None or "T" in text or ":" in text or keyword != "DATE-OBS":
        return mjd, keyword
    for clock in _CLOCKS:
        if (fraction := _clock(card(clock))) is not None:
            return mjd + fraction, f"{keyword} + {clock}"
    return mjd, keyword


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _date(value: Any) -> float | None:
    """Read ``2019-08-08[T00:42:27.4]``, or the DD/MM/YY used before 1999 (two- or three-digit years since 1900).

    A time with an offset, such as +02:00, becomes that of offset 0.
    """
    text = str(value or "").strip()
    old = _OLD_DATE.match(text)
    try:
        if old:
            day, month, year = (int(part) for part in old.groups())
            moment = datetime(1900 + year, month, day, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - MJD_EPOCH).total_seconds() / DAY


def _clock(value: Any) -> float | None:
    """Read ``HH:MM:SS.s`` as a fraction of a day."""
    parts = str(value or "").strip().split(":")
    numbers = [_number(part) for part in parts]
    if len(parts) not in (2, 3) or None in numbers:
        return None
    fraction = sum(number / scale for number, scale in zip(numbers, (24.0, 1440.0, DAY), strict=False) if number)
    return fraction if 0 <= fraction < 1 else None


def to_utc(mjd: float, keyword: str, scale: str) -> tuple[float | None, str]:
    """Convert `mjd` from a FITS time scale; the returned keyword notes the conversion.

    Raises BadInput as in `mid_exposure`.
    """
    if abs(mjd) > _FURTHEST:
        raise BadInput(
            "`%(name)s` is “%(value)s”; it must be %(meaning)s.",
            name=keyword,
            value=f"{mjd:.10g}",
            meaning=Message("a modified Julian date (for a Julian date, subtract 2400000.5)"),
        )
    if scale == "GPS":
        return mjd + (_utc_minus("tai", math.floor(mjd)) + 19) / DAY, f"{keyword}, GPS to UTC"
    name = _SCALES.get(scale.partition("(")[0])
    if name is None:
        return None, f"{keyword} is in {scale}, which is not a known time scale"
    if name == "utc":
        return mjd, keyword
    return mjd + _utc_minus(name, math.floor(mjd)) / DAY, f"{keyword}, {scale} to UTC"


@lru_cache(maxsize=4096)
def _utc_minus(scale: str, day: int) -> float:
    """Return UTC minus `scale` in seconds at the start of an MJD `day`.

    One conversion serves a whole day, for thousands of frames a second: within a day the difference changes only by a
    leap second at its end, and by the periodic part of TDB, 0.03 ms.
    """
    # Subtract astropy's two-part days, which keep nanoseconds where one float of a day would not.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "dubious year": no leap second is known that far ahead
        there = Time(day, format="mjd", scale=scale)
        here = there.utc
    return ((here.jd1 - there.jd1) + (here.jd2 - there.jd2)) * DAY
