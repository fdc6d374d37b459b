"""A survey's alert packets: which field holds what.

A field is a path such as ``candidate.ra``; of several, separated by ``|``, the first with a value counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

CHANNELS = ("difference", "science", "template")
"""The channels of a stamp, in their order; one that a survey does not send is left out."""

"""JD - MJD."""

SCIENTISTS_ONLY, AFTERWARDS = "#", "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketMap:
    """Where a survey's packets hold what a subject needs.

    Attributes
    ----------
    survey
        Its name, for messages.
    marks
        Fields that tell its packets from others'.
    external_id
        Identifier of the detection.
    object_group
        Identifier of the object.
    ra, dec
        Degrees, ICRS.
    time, is_julian, scale, is_start
        Field of the time; whether it is JD rather than MJD; its time scale; whether it is the start of the exposure
        rather than its middle.
    exptime, exposure
        Field of the exposure time in seconds, and the usual one for packets without it.
    band, bands
        Field of the band, and its names by value; a name not in `bands` stays; None stands for no value.
    mag, mag_error
        Magnitude and its error.
    flux, flux_error, zero_point, zero_point_field
        Used where there is no magnitude: m = `zero_point` - 2.5 lg flux. 31.4 for nanojansky, 23.9 for microjansky;
        in a light curve, a row may have its own.
    limit
        Upper limit of the magnitude, of rows of a light curve without a detection.
    snr
        Signal-to-noise ratio; by default flux over its error, or 1.0857 over the magnitude's.
    cutouts
        Field of the FITS image (or rows of numbers) by channel.
    side, edges
        Nominal side of the stamps in pixels, and the fields of x and y with the lengths of these axes: a stamp clipped
        at an edge is padded there with NaN.
    pixel_scale
        Of the stamps, arcsec per pixel.
    facts
        Records whose values become metadata; empty for the packet itself.
    hidden, hidden_prefixes
        Metadata for scientists only, by name and by the beginning of the name.
    afterwards
        Metadata hidden until the answer.
    known_object, known_distance, known_within
        Name of the nearest known solar-system object, its distance in arcsec, and up to which it is the detected one;
        without a field of the distance, a name means a match.
    history
        Lists of the object's earlier detections, with the fields of a light curve.
    sentinels
        Values that mean none.
    projection
        Of cutouts with a WCS that names none.
    """

    survey: str
    external_id: str
    ra: str
    dec: str
    cutouts: Mapping[str, str]
    marks: tuple[str, ...] = ()
    object_group: str = ""
    time: str = ""
    is_julian: bool = False
    scale: str = "UTC"
    is_start: bool = False
    exptime: str = ""
    exposure: float | None = None
    band: str = ""
    bands: Mapping[Any, str] = field(default_factory=dict)
    mag: str = ""
    mag_error: str = ""
    flux: str = ""
    flux_error: str = ""
    zero_point: float = 31.4
    zero_point_field: str = ""
    limit: str = ""
    snr: str = ""
    side: int | None = None
    edges: tuple[tuple[str, float], tuple[str, float]] | None = None
    pixel_scale: float | None = None
    facts: tuple[str, ...] = ("candidate",)
    hidden: frozenset[str] = frozenset()
    hidden_prefixes: tuple[str, ...] = ()
    afterwards: frozenset[str] = frozenset()
    known_object: str = ""
    known_distance: str = ""
    known_within: float = 5.0
    history: tuple[str, ...] = ()
    sentinels: tuple[Any, ...] = ()
    projection: str = ""

    def value(self, packet: Mapping[str, Any], path: str) -> Any:
        """Return the value of a field; None if it is absent or a sentinel."""
        for steps in _steps(path):
            found: Any = packet
            for step in steps:
                found = found.get(step) if isinstance(found, Mapping) else None
            if found is not None and not (isinstance(found, str | int | float) and found in self.sentinels):
                return found
        return None

    def paths(self) -> set[str]:
        """Return the first step of every field: the columns of a table that are needed."""
        fields = (getattr(self, name) for name in _FIELDS)
        paths = [*fields, *self.cutouts.values(), *self.facts, *self.history, *(path for path, _ in self.edges or ())]
        return {steps[0] for path in paths for steps in _steps(path)}

    def number(self, packet: Mapping[str, Any], path: str) -> float | None:
        """Return the value of a field if it is a finite number."""
        return finite(self.value(packet, path))


_FIELDS = ["external_id", "object_group", "ra", "dec", "time", "exptime", "band", "mag", "mag_error", "flux"]
_FIELDS += ["flux_error", "snr", "known_object", "known_distance"]


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.split(".")) for one in path.split("|") if one)


def finite(value: Any) -> float | None:
    """Return a number as float; None for anything else, infinity and NaN included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None
