"""The value by which a list of the archive is sorted, in words and with its unit, for each of its thumbnails."""

from collections.abc import Callable
from functools import partial

from django.template.defaultfilters import floatformat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml.io.mjd import utc_of


def sorted_value(sort: str, value: float | None) -> str:
    """Return what a subject has in one of the archive's `SORTS`; empty for orders by name and arrival."""
    words = _WORDS.get(sort.removeprefix("-"))
    if words is None:
        return ""
    written, unknown = words
    return str(unknown) if value is None else written(value)


def time_in_words(mjd: float) -> str:
    try:
        return f"{utc_of(mjd):%Y-%m-%d %H:%M} UTC"
    except OverflowError:  # no calendar has it
        return f"MJD {mjd:g}"


def _number(words: Promise, decimals: int, value: float) -> str:
    return str(words) % {"value": floatformat(value, decimals)}


_WORDS: dict[str, tuple[Callable[[float], str], Promise]] = {
    "mjd": (time_in_words, _("time unknown")),
    "rate": (partial(_number, _("%(value)s″/h, as given"), 2), _("no rate given")),
    "fitted_rate": (partial(_number, _("%(value)s″/h, fitted"), 2), _("no rate fitted")),
    "mag": (partial(_number, _("magnitude %(value)s"), 2), _("no magnitude")),
    "p_real": (partial(_number, _("model’s score %(value)s"), 3), _("no score")),
    "posterior": (partial(_number, _("volunteers’ posterior %(value)s"), 3), _("no votes")),
}
