"""The Minor Planet Center's packed dates and designations.

Source: https://minorplanetcenter.net/iau/info/PackedDates.html and PackedDes.html.
"""

import re
from datetime import date

from ml.io.mjd import day_number

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SURVEYS = {"PLS": "P-L", "T1S": "T-1", "T2S": "T-2", "T3S": "T-3"}
_MAX_CYCLE = 619  # the last half-month cycle that two characters hold
_NUMBERED_COMET = re.compile(r"(\d{4})([PDI])(?: {5,6}([a-z]{1,2}))?")
_TILDE_FIRST = 620_000
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # without I
_HALF_MONTHS = "ABCDEFGHJKLMNOPQRSTUVWXY"


def unpack_date(packed: str) -> float:
    """Return the MJD of a packed date such as ``K205V`` (2020 May 31), at 0h of its scale.

    Raises
    ------
    ValueError
        It is no date.
    """
    if len(packed) != 5 or packed[0] not in "IJKL" or not packed[1:3].isdigit():
        raise ValueError(f"{packed!r} is no packed date")
    year = 100 * (DIGITS.index(packed[0])) + int(packed[1:3])
    month, day = (DIGITS.find(letter) for letter in packed[3:])
    try:
        return float(day_number(date(year, month, day)))
    except ValueError as error:
        raise ValueError(f"{packed!r} is no packed date") from error


def unpack_designation(packed: str) -> str:
    """Return ``2019 VE1`` for ``K19V01E``, ``3202`` for ``03202``, ``C/2020 F3`` for ``CK20F030``.

    A numbered comet's fragment has all twelve columns, such as ``0073P      c`` for ``73P-C``.

    Text that is no packed designation is returned as it is, without outer spaces: surveys use names of their own.
    """
    packed = packed.strip()
    if not packed.isascii():  # superscripts, among others, count as digits
        return packed
    if len(packed) == 5 and packed[1:].isdigit() and packed[0] in DIGITS:
        return str(DIGITS.index(packed[0]) * 10_000 + int(packed[1:]))
    if len(packed) == 5 and packed[0] == "~" and all(letter in DIGITS for letter in packed[1:]):
        return str(_TILDE_FIRST + _base62(packed[1:]))
    if comet := _NUMBERED_COMET.fullmatch(packed):
        return f"{int(comet[1])}{comet[2]}" + (f"-{comet[3].upper()}" if comet[3] else "")
    if len(packed) == 8 and packed[0] in "CPDXAI" and (provisional := _unpack_provisional(packed[1:])):
        return f"{packed[0]}/{provisional}"
    return _unpack_provisional(packed) or packed


def _unpack_provisional(packed: str) -> str | None:
    if len(packed) != 7:
        return None
    if packed[:3] in _SURVEYS and packed[3:].isdigit():
        return f"{packed[3:]} {_SURVEYS[packed[:3]]}"
    if packed[0] == "_":
        return _unpack_extended(packed)
    well_formed = packed[0] in "IJKL" and packed[1:3].isdigit() and packed[3] in _HALF_MONTHS and packed[5].isdigit()
    if not well_formed or packed[4] not in DIGITS or packed[6] not in DIGITS:
        return None
    year, cycle = 100 * DIGITS.index(packed[0]) + int(packed[1:3]), DIGITS.index(packed[4]) * 10 + int(packed[5])
    if packed[6].isupper():
        return f"{year} {packed[3]}{packed[6]}{cycle or ''}"
    return f"{year} {packed[3]}{cycle}" + ("" if packed[6] == "0" else f"-{packed[6].upper()}")


def _unpack_extended(packed: str) -> str | None:
    """Return the designation of an object after the 15,500th of its half month, such as ``_QC0000``."""
    if packed[1] not in DIGITS or packed[2] not in _HALF_MONTHS or any(letter not in DIGITS for letter in packed[3:]):
        return None
    cycle, second = divmod(_base62(packed[3:]), 25)
    return f"{2000 + DIGITS.index(packed[1])} {packed[2]}{_LETTERS[second]}{cycle + _MAX_CYCLE + 1}"


def _base62(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 62 + DIGITS.index(letter)
    return value
