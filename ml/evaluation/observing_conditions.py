"""Observing conditions of subjects: magnitude, rate, S/N and night, if known."""

import csv
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.observing_nights import nights_of
from ml.io.records import SubjectRecord
from ml.io.utf8_text import not_utf8

QUANTITIES = ("mag", "rate", "snr")
TRUTH = "truth.csv"


@dataclass(frozen=True)
class Condition:
    """One subject's magnitude, rate (arcsec/h), S/N and MJD, NaN where unknown; night a name, "" without one."""

    mag: float = math.nan
    rate: float = math.nan
    snr: float = math.nan
    night: str = ""
    mjd: float = math.nan


@dataclass(frozen=True)
class Conditions:
    """Observing conditions of N subjects: `mag`, `rate` (arcsec/h), `snr` (N,) float or NaN, `night` (N,) str or ""."""

    mag: NDArray[np.float64]
    rate: NDArray[np.float64]
    snr: NDArray[np.float64]
    night: NDArray[Any]

    @classmethod
    def of(cls, each: Sequence[Condition]) -> "Conditions":
        """Collect the conditions of single subjects."""
        columns = {name: np.array([getattr(one, name) for one in each], dtype=np.float64) for name in QUANTITIES}
        return cls(**columns, night=np.array([one.night for one in each], dtype=np.str_))

    def take(self, rows: NDArray[Any]) -> "Conditions":
        """Return some rows."""
        return Conditions(self.mag[rows], self.rate[rows], self.snr[rows], self.night[rows])

    def values(self, quantity: str) -> NDArray[np.float64]:
        """Return the values (N,) of "mag", "rate" or "snr"."""
        found: NDArray[np.float64] = getattr(self, quantity)
        return found

    def unknown(self, real: NDArray[np.bool_]) -> list[str]:
        """Return a warning for each quantity that no real subject (N,) has: what is left out, and the remedy."""
        missing = [name for name in QUANTITIES if not np.isfinite(self.values(name)[real]).any()]
        missing += [] if (self.night != "").any() else ["night"]
        return [
            f"The data have no `{name}`, so nothing is shown by it. Add a column {name} to the manifest,"
            f" or to a {TRUTH} beside it."
            for name in missing
        ]


def condition_of_record(record: SubjectRecord) -> Condition:
    """Return the conditions in a manifest's row: the median over frames, and the first known MJD."""
    frames, hidden = record.frames, record.metadata
    first = next((frame.mjd_mid for frame in frames if frame.mjd_mid is not None), None)
    return Condition(
        mag=_median(frame.mag for frame in frames) if _any(frame.mag for frame in frames) else _number(hidden, "mag"),
        rate=math.nan if record.rate is None else record.rate,
        snr=_median(frame.snr for frame in frames) if _any(frame.snr for frame in frames) else _number(hidden, "snr"),
        night=_cell(hidden, "night"),
        mjd=math.nan if first is None else first,
    )


def of_truth(data: Path) -> dict[str, Condition]:
    """Return the conditions in a truth.csv beside a manifest, by external_id; empty without one.

    Columns read: external_id, mag, rate, snr, night; non-numeric cells count as unknown. Raises ValueError if it is not
    UTF-8.
    """
    path = (data if data.is_dir() else data.parent) / TRUTH
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("external_id")]
    except UnicodeDecodeError as error:
        raise ValueError(not_utf8(path)) from error
    return {
        row["external_id"]: Condition(
            _number(row, "mag"), _number(row, "rate"), _number(row, "snr"), _cell(row, "night")
        )
        for row in rows
    }


def of_object(entry: dict[str, Any]) -> Condition:
    """Return the magnitude, rate and S/N of an entry of `#objects`; NaN if missing or null.

    Raises
    ------
    ValueError, TypeError
        If one of them is not a number.
    """
    mag, rate, snr = (math.nan if entry.get(name) is None else float(entry[name]) for name in QUANTITIES)
    return Condition(mag, rate, snr)


def merged_conditions(ids: Sequence[str], of_manifest: Sequence[Condition], truth: dict[str, Condition]) -> Conditions:
    """Merge the conditions of all subjects: from the manifest first, else from truth.csv.

    A night that neither names is the one of the subject's time, see `ml.data.observing_nights.nights_of`.
    """
    by_time = nights_of(np.array([one.mjd for one in of_manifest], dtype=np.float64))
    rows = zip(ids, of_manifest, by_time, strict=True)
    return Conditions.of([_filled(ours, truth.get(name, Condition()), str(night)) for name, ours, night in rows])


def _filled(ours: Condition, other: Condition, night: str) -> Condition:
    return Condition(
        mag=_first(ours.mag, other.mag),
        rate=_first(ours.rate, other.rate),
        snr=_first(ours.snr, other.snr),
        night=ours.night or other.night or night,
    )


def _first(a: float, b: float) -> float:
    return b if math.isnan(a) else a


def _any(values: Iterable[float | None]) -> bool:
    return any(value is not None for value in values)


def _median(values: Iterable[float | None]) -> float:
    return statistics.median(value for value in values if value is not None)


def _cell(cells: dict[str, Any], name: str) -> str:
    """Return a cell, hidden from volunteers (``#name``, ``!name``) or not; "" if missing."""
    return next((str(cells[key]) for key in (name, f"#{name}", f"!{name}") if cells.get(key)), "")


def _number(cells: dict[str, Any], name: str) -> float:
    try:
        return float(_cell(cells, name))
    except ValueError:
        return math.nan
