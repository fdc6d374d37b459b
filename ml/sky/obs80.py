"""The Minor Planet Center's 80-column format of observations: read, and written to the byte.

Source: https://minorplanetcenter.net/iau/info/OpticalObs.html and SatelliteObs.html and RovingObs.html.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import erfa
import numpy as np

from ml.io.mjd import date_of, day_number
from ml.sky.observatories import EARTH_RADIUS_KM, Observatory, geocentric
from ml.sky.packed import unpack_designation
from ml.sky.solar_system import AU_KM

_DATE = re.compile(r"(\d{4}) (\d\d) (\d\d)(?:\.(\d*))? *")
_ANGLE = re.compile(r"(\d\d) (\d\d)(?: (\d\d))?(?:\.(\d*))? *")
_SECOND = {"S": "s", "V": "v"}  # second line by first line: where a spacecraft, or a roving observer, was
_PLACES = {"s": ((34, 12), (46, 12), (58, 12)), "v": ((34, 10), (45, 10), (56, 5))}  # first column and width
_MOST_KM = 99_999.9999  # that fit into the columns
_MOST_AU = 9.99999999


@dataclass(frozen=True)
class Sexagesimal:
    """An angle or a day with its precision, so that it can be written as it was read.

    Attributes
    ----------
    value
        Degrees, hours, or MJD.
    digits
        Decimals of the last part; None without a decimal point.
    has_seconds
        False for an old angle of degrees (or hours) and minutes.
    """

    value: float
    digits: int | None
    has_seconds: bool = True


@dataclass(frozen=True)
class Observation:
    """One optical observation. Texts keep their width and blanks.

    Attributes
    ----------
    packed
        12 characters: number and provisional or temporary designation.
    flags
        3 characters: discovery, note, and how it was observed.
    time
        MJD, UTC.
    ra, dec
        Hours and degrees, J2000; `is_south` keeps the sign of -0°.
    between, magnitude, band, catalogue, reference, code
        Columns 57 to 65, 66 to 70, 71, 72, 73 to 77 and 78 to 80.
    place
        The second line of a spacecraft's or a roving observer's observation, as it was read; else empty.
    """

    packed: str
    flags: str
    time: Sexagesimal
    ra: Sexagesimal
    dec: Sexagesimal
    is_south: bool
    between: str
    magnitude: str
    band: str
    catalogue: str
    reference: str
    code: str
    place: str = ""

    @property
    def name(self) -> str:
        """Return the number, or else the designation; an observer's own, of fewer than 7 characters, as it is."""
        number, own = self.packed[:5], self.packed[5:]
        if number[:4].strip():
            return unpack_designation(number if own[:5].strip() else self.packed)  # else a comet's fragment may follow
        return self.packed[4:].strip() if " " in own else unpack_designation(self.packed[4:])

    @property
    def degrees(self) -> tuple[float, float]:
        """Return RA and Dec in degrees."""
        return self.ra.value * 15, -self.dec.value if self.is_south else self.dec.value

    @property
    def observer(self) -> tuple[float, float, float]:
        """Return the geocentric position of a spacecraft or a roving observer, km, ICRF; NaN from other places."""
        if not self.place:
            return np.nan, np.nan, np.nan
        first, second, third = (_number(self.place[at : at + width]) for at, width in _PLACES[self.place[14]])
        if self.place[14] == "v":
            return _on_ground(first, second, third, self.time.value)
        scale = AU_KM if self.place[32] == "2" else 1.0
        return first * scale, second * scale, third * scale


def _number(text: str) -> float:
    return float(text.replace(" ", "") or "nan")


def _on_ground(longitude: float, latitude: float, altitude: float, mjd: float) -> tuple[float, float, float]:
    """Return the geocentric place of longitude and latitude, degrees, and altitude, m (WGS84) at a time, UTC."""
    x, y, z = erfa.gd2gc(1, np.radians(longitude), np.radians(latitude), altitude) / (1000 * EARTH_RADIUS_KM)
    [place] = geocentric(Observatory("", "", longitude, float(np.hypot(x, y)), float(z)), np.array([mjd])) * AU_KM
    return float(place[0]), float(place[1]), float(place[2])


def read_obs80(text: str) -> tuple[list[Observation], list[int]]:
    """Return the observations of a file, and the numbers of lines that are none, from 1."""
    found: list[Observation] = []
    bad: list[int] = []
    awaits_place = ""  # the letter of the second line
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            if awaits_place and line[14:15] == awaits_place and len(line) == 80 and line[77:] == found[-1].code:
                found[-1] = _at_place(found[-1], line)
                awaits_place = ""
            else:
                found.append(read_line(line))
                awaits_place = _SECOND.get(line[14], "")
        except ValueError:
            bad.append(number)
            awaits_place = ""
    return found, bad


def _at_place(observation: Observation, line: str) -> Observation:
    """Return the observation with its second line; raises ValueError if no position can be read from that."""
    placed = replace(observation, place=line)
    if not all(map(math.isfinite, placed.observer)):
        raise ValueError("a position has three numbers")
    return placed


def with_place(observation: Observation, place: tuple[float, ...]) -> Observation:
    """Return the observation of a spacecraft with its second line.

    Parameters
    ----------
    place
        Three coordinates, km from the Earth's centre, ICRF. They are written in km, or from 100,000 km on in au.

    Raises
    ------
    ValueError
        The place is 10 au away or more, and does not fit into the columns.
    """
    farthest = max(map(abs, place))
    if farthest > _MOST_AU * AU_KM:
        raise ValueError("a place 10 au away does not fit into 80 columns")
    kind, unit, digits = ("1", 1.0, 4) if farthest <= _MOST_KM else ("2", AU_KM, 8)
    numbers = " ".join(f"{'-' if each < 0 else '+'}{abs(each) / unit:10.{digits}f}" for each in place)
    spacecraft = replace(observation, flags=f"{observation.flags[:2]}S")
    begin = f"{observation.packed:12}{observation.flags[:2]}s{_write_date(observation.time):17}"
    return replace(spacecraft, place=f"{begin}{kind} {numbers}   {observation.reference:5}{observation.code:3}")


def write_obs80(observations: Iterable[Observation], *, ends_line: bool = True) -> str:
    """Return the lines of observations, each ended by a line feed; the last one only if `ends_line`."""
    lines = (line for each in observations for line in (write_line(each), each.place) if line)
    text = "".join(f"{line}\n" for line in lines)
    return text if ends_line else text.removesuffix("\n")


def read_line(line: str) -> Observation:
    """Read one line of 80 columns.

    Raises
    ------
    ValueError
        It is no optical observation.
    """
    if len(line) != 80:
        raise ValueError("an observation has 80 columns")
    ra, dec = _read_angle(line[32:44]), _read_angle(line[45:56])
    if ra.value >= 24 or dec.value > 90:
        raise ValueError("right ascension ends before 24h, and declination at 90°")
    return Observation(
        line[:12], line[12:15], _read_date(line[15:32]), ra, dec, _is_south(line[44]),
        line[56:65], line[65:70], line[70], line[71], line[72:77], line[77:],
    )  # fmt: skip


def write_line(each: Observation) -> str:
    """Return the 80 columns of an observation."""
    sign = "-" if each.is_south else "+"
    date_and_place = f"{_write_date(each.time):17}{_write_angle(each.ra):12}{sign}{_write_angle(each.dec):11}"
    photometry = f"{each.between:9}{each.magnitude:5}{each.band:1}{each.catalogue:1}"
    return f"{each.packed:12}{each.flags:3}{date_and_place}{photometry}{each.reference:5}{each.code:3}"


def _is_south(sign: str) -> bool:
    if sign not in "+-":
        raise ValueError("a declination has a sign")
    return sign == "-"


def _read_date(text: str) -> Sexagesimal:
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no date")
    year, month, day, decimals = found.groups()
    whole = day_number(date(int(year), int(month), int(day)))
    fraction = float(f"0.{decimals or 0}")
    return Sexagesimal(whole + fraction, None if decimals is None else len(decimals))


def _write_date(time: Sexagesimal) -> str:
    scale = 10 ** (time.digits or 0)
    whole, decimals = divmod(round(time.value * scale), scale)
    day = date_of(whole).strftime("%Y %m %d")
    return day + _decimals(decimals, time.digits)


def _read_angle(text: str) -> Sexagesimal:
    found = _ANGLE.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no angle")
    whole, minutes, seconds, decimals = found.groups()
    if max(minutes, seconds or "") >= "60":
        raise ValueError(f"{text!r} has minutes or seconds above 59")
    fraction = float(f"0.{decimals or 0}")
    last = (int(seconds) + fraction) / 3600 if seconds else fraction / 60
    value = int(whole) + int(minutes) / 60 + last
    return Sexagesimal(value, None if decimals is None else len(decimals), bool(seconds))


def _write_angle(angle: Sexagesimal) -> str:
    scale = 10 ** (angle.digits or 0)
    parts, decimals = divmod(round(angle.value * (3600 if angle.has_seconds else 60) * scale), scale)
    minutes, seconds = divmod(parts, 60) if angle.has_seconds else (parts, 0)
    text = f"{minutes // 60:02d} {minutes % 60:02d}" + (f" {seconds:02d}" if angle.has_seconds else "")
    return text + _decimals(decimals, angle.digits)


def _decimals(value: int, digits: int | None) -> str:
    if digits is None:
        return ""
    return f".{value:0{digits}d}" if digits else "."
