"""The Minor Planet Center's packed dates and designations.

Source: https://minorplanetcenter.net/iau/info/PackedDates.html and PackedDes.html.
"""

import re
from datetime import date

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MJD_EPOCH = date(1858, 11, 17)
_SURVEYS = {"PLS": "P-L", "T1S": "T-1", "T2S": "T-2", "T3S": "T-3"}
_MAX_CYCLE = 619  # the last half-month cycle that two characters hold
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
        return float((date(year, month, day) - _MJD_EPOCH).days)
    except ValueError as error:
        raise ValueError(f"{packed!r} is no packed date") from error


def unpack_designation(packed: str) -> str:
    """Return ``2019 VE1`` for ``K19V01E``, ``3202`` for ``03202``, ``C/2020 F3`` for ``CK20F030``.

    Text that is no packed designation is returned as it is, without outer spaces: surveys use names of their own.
    """
    packed = packed.strip()
    if len(packed) == 5 and packed[1:].isdigit() and packed[0] in DIGITS:
        return str(DIGITS.index(packed[0]) * 10_000 + int(packed[1:]))
    if len(packed) == 5 and packed[0] == "~" and all(letter in DIGITS for letter in packed[1:]):
        return str(_TILDE_FIRST + _base62(packed[1:]))
    if len(packed) == 5 and packed[:4].isdigit() and packed[4] in "PD":
        return f"{int(packed[:4])}{packed[4]}"
    if len(packed) == 8 and packed[0] in "CPDXAI" and (provisional := _unpack_provisional(packed[1:])):
        return f"{packed[0]}/{provisional}"
    return _unpack_provisional(packed) or packed


def pack_designation(name: str) -> str:
    """Return the packed form of a number, a provisional designation or a comet; the inverse of `unpack_designation`.

    Raises
    ------
    ValueError
        It is none of them.
    """
    if name.isdigit():
        return _pack_number(int(name))
    if name[:-1].isdigit() and name[-1] in "PD" and int(name[:-1]) < 10_000:
        return f"{int(name[:-1]):04d}{name[-1]}"
    prefix, slash, rest = name.partition("/")
    packed = _pack_provisional(rest if slash else name, comet=bool(slash))
    if packed is None or (slash and prefix not in tuple("CPDXAI")):
        raise ValueError(f"{name!r} is no designation of the Minor Planet Center")
    return (prefix if slash else "") + packed


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


def _pack_number(number: int) -> str:
    if number < _TILDE_FIRST:
        return f"{DIGITS[number // 10_000]}{number % 10_000:04d}"
    rest, letters = number - _TILDE_FIRST, ""
    for _ in range(4):
        rest, digit = divmod(rest, 62)
        letters = DIGITS[digit] + letters
    if rest:
        raise ValueError(f"{number} is beyond the largest packed number")
    return f"~{letters}"


def _pack_provisional(name: str, *, comet: bool) -> str | None:
    if survey := re.fullmatch(r"(\d{4}) ([PT]-[L123])", name):
        return {value: key for key, value in _SURVEYS.items()}.get(survey[2], "   ") + survey[1]
    if comet and (found := re.fullmatch(rf"(\d{{4}}) ([{_HALF_MONTHS}])(\d{{1,3}})(?:-([A-Z]))?", name)):
        return _packed_cycle(int(found[1]), found[2], int(found[3]), (found[4] or "0").lower())
    found = re.fullmatch(rf"(\d{{4}}) ([{_HALF_MONTHS}])([{_LETTERS}])(\d*)", name)
    if not found:
        return None
    year, cycle = int(found[1]), int(found[4] or 0)
    if cycle <= _MAX_CYCLE:
        return _packed_cycle(year, found[2], cycle, found[3])
    count, letters = (cycle - _MAX_CYCLE - 1) * 25 + _LETTERS.index(found[3]), ""
    for _ in range(4):
        count, digit = divmod(count, 62)
        letters = DIGITS[digit] + letters
    return None if count or not 2000 <= year < 2062 else f"_{DIGITS[year - 2000]}{found[2]}{letters}"


def _packed_cycle(year: int, half_month: str, cycle: int, last: str) -> str | None:
    if not 1800 <= year < 2200 or cycle > _MAX_CYCLE:
        return None
    return f"{DIGITS[year // 100]}{year % 100:02d}{half_month}{DIGITS[cycle // 10]}{cycle % 10}{last}"


def _base62(text: str) -> int:
    value = 0
    for letter in text:
        value = value * 62 + DIGITS.index(letter)
    return value
