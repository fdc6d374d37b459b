"""Look up cards of a FITS header without parsing the rest.

An ingest opens a thousand small files a second and needs a dozen cards of each. So cards are found by their first eight
bytes, simple values (a number, T or F, a short text) are read here, and everything else (CONTINUE, odd exponents,
complex numbers, broken cards) is left to astropy.
"""

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

CARD = 80
Value = float | int | str | bool | None

_WHOLE = re.compile(r"= *([+-]?\d+) *(?:/|$)")
_DECIMAL = re.compile(r"= *([+-]?\d*\.\d*(?:[eE][+-]?\d+)?) *(?:/|$)")
_TEXT = re.compile(r"= *'([^'&]*)' *(?:/|$)")
_TRUTH = re.compile(r"= *([TF]) *(?:/|$)")


_MOST_SHARED = 8 * 2880
"""Maximum bytes of a header that is parsed once for all files that have it, as an alert's cutouts do."""


def header_of(raw: bytes) -> "Header":
    """Return the header with these cards (see `Header`)."""
    return _shared(raw) if len(raw) <= _MOST_SHARED else Header(raw)


@lru_cache(maxsize=256)
def _shared(raw: bytes) -> "Header":
    return Header(raw)


class Header:
    """The cards of one HDU.

    Parameters
    ----------
    raw
        All cards up to END, each of 80 bytes.
    """

    def __init__(self, raw: bytes) -> None:
        text = raw.decode("latin-1")
        self._cards = [text[at : at + CARD] for at in range(0, len(text), CARD)]
        self._places: dict[str, int] = {}
        for place, card in enumerate(self._cards):
            self._places.setdefault(card[:8].rstrip(), place)
        self._values: dict[str, Value] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def get(self, keyword: str) -> Value:
        """Return the value of the first card of this name; None if it is absent, empty or unreadable."""
        if keyword not in self._places:
            return None
        if keyword not in self._values:
            self._values[keyword] = self._parse(self._places[keyword])
        return self._values[keyword]

    def _parse(self, place: int) -> Value:
        rest = self._cards[place][8:]
        if found := _WHOLE.match(rest):
            return int(found[1])
        if (found := _DECIMAL.match(rest)) and any(digit.isdigit() for digit in found[1]):
            return float(found[1])
        if found := _TRUTH.match(rest):
            return found[1] == "T"
        if found := _TEXT.match(rest):
            return found[1].rstrip()
        return self._by_astropy(place)

    def _by_astropy(self, place: int) -> Value:
        more = place + 1
        while more < len(self._cards) and self._cards[more].startswith("CONTINUE"):
            more += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)  # headers in the wild bend the rules
            try:
                value = fits.Card.fromstring("".join(self._cards[place:more])).value
            except (fits.VerifyError, ValueError):
                return None
        return value if isinstance(value, float | int | str | bool) else None
