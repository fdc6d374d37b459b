"""Per-frame columns of tracklets: time, position, magnitude and S/N of each detection, padded to one length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.manifest_columns import SHARED_TIME
from ml.io.records import SubjectRecord

FIELDS = ("mjd", "ra", "dec", "mag", "snr", "x", "y")
BRIGHTEST, FAINTEST = -30.0, 50.0  # magnitudes outside are sentinels such as -99
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrackletFrames:
    """The frames of N tracklets, padded to F frames.

    Attributes
    ----------
    fields
        (N, F, 7) float64, NaN where unknown: mjd (UTC, mid-exposure), ra and dec (deg, ICRS), mag, snr, and x and y
        (pixels of the detector).
    present
        (N, F) bool, False for padding.
    """

    fields: Array
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def frames(self) -> int:
        """Return F."""
        return self.fields.shape[1]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return the number (N,) of frames of each tracklet."""
        return self.present.sum(1)

    def of(self, name: str) -> Array:
        """Return one of `FIELDS` as (N, F); padding is NaN."""
        values = self.fields[..., FIELDS.index(name)]
        return np.where(self.present, values, np.nan)

    def take(self, rows: Any) -> "TrackletFrames":
        """Return some rows."""
        return TrackletFrames(self.fields[rows], self.present[rows])

    def in_order(self) -> "TrackletFrames":
        """Return the frames in a canonical order, independent of the order in which they came."""
        keys = [self.fields[..., k] for k in reversed(range(len(FIELDS)))]
        order = np.lexsort([*keys, ~self.present], axis=-1)
        return TrackletFrames(
            np.take_along_axis(self.fields, order[..., None], axis=1), np.take_along_axis(self.present, order, axis=1)
        )


def unknown_frames(n: int, frames: int) -> TrackletFrames:
    """Return frames of n tracklets with nothing known except pixels."""
    return TrackletFrames(np.full((n, frames, len(FIELDS)), np.nan), np.ones((n, frames), dtype=bool))


def stacked(sightings: Sequence[Array]) -> TrackletFrames:
    """Return padded frames from the frames (F_i, 7) of each tracklet."""
    frames = max((len(one) for one in sightings), default=0)
    made = TrackletFrames(
        np.full((len(sightings), frames, len(FIELDS)), np.nan), np.zeros((len(sightings), frames), bool)
    )
    for row, one in enumerate(sightings):
        made.fields[row, : len(one)] = one
        made.present[row, : len(one)] = True
    return made


def frames_of_record(record: SubjectRecord) -> Array:
    """Return the frames (F, 7) of a subject as it was read."""
    frames = [
        (own_time(frame.mjd_mid, frame.mjd_keyword), frame.ra, frame.dec, frame.mag, frame.snr)
        for frame in record.frames
    ]
    return sightings(frames, record.metadata)


def own_time(mjd: float | None, keyword: str) -> float | None:
    """Return the time of a frame; None if a manifest gives one time for all frames, which belongs to none of them."""
    return None if keyword == SHARED_TIME else mjd


def sightings(frames: Sequence[tuple[float | None, ...]], metadata: dict[str, Any]) -> Array:
    """Return frames (F, 7) from their (mjd, ra, dec, mag, snr), and detector positions from the metadata.

    Those are x1, y1, x2 …, hidden from volunteers (``#x1``) or not. A single position for all frames is the subject's
    own and has no motion, so it counts as unknown; so do sentinel magnitudes.
    """
    known = np.full((len(frames), len(FIELDS)), np.nan)
    for row, values in enumerate(frames):
        places = [_number(metadata, f"{axis}{row + 1}") for axis in "xy"]
        known[row] = [np.nan if value is None else value for value in values] + places
    mag = known[:, 3]
    mag[~((mag > BRIGHTEST) & (mag < FAINTEST))] = np.nan
    if len(frames) > 1 and not _moves(known):
        known[:, 1:3] = np.nan
    return known


def _moves(known: Array) -> bool:
    return len({tuple(place) for place in known[:, 1:3].tolist()}) > 1


def _number(metadata: dict[str, Any], name: str) -> float:
    for key in (f"#{name}", name, f"!{name}"):
        try:
            return float(metadata[key])
        except (KeyError, TypeError, ValueError):
            continue
    return float("nan")
