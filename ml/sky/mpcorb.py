"""Read orbit catalogues of the Minor Planet Center: MPCORB.DAT and CometEls.txt, plain or gzipped.

Source: https://minorplanetcenter.net/iau/info/MPOrbitFormat.html and CometOrbitFormat.html.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.io.mjd import MJD_EPOCH
from ml.sky.orbits import Orbits, concatenate, perifocal_axes
from ml.sky.packed import unpack_date
from ml.sky.solar_system import GAUSS

Array = NDArray[np.float64]
LARGEST = 2_000_000_000  # bytes unpacked
BATCH = 200_000  # lines
_END_OF_ELEMENTS, _WIDTH = 103, 202
# Expected runoff along the orbit, arcsec per decade, of the uncertainty parameters 0 to 9: the middle of each class.
RUNOFF = np.array([0.5, 2.1, 9.3, 41.0, 182.0, 805.0, 3_560.0, 15_800.0, 69_700.0, 300_000.0])


@dataclass(frozen=True)
class Catalogue:
    """Orbits, and what could not be read: line numbers from 1, and a sentence if the file is incomplete."""

    orbits: Orbits
    bad_lines: list[int]
    warning: str


def read_mpcorb(path: Path) -> Catalogue:
    """Read MPCORB.DAT or a part of it, with or without its header.

    Lines that end early or whose elements cannot be read are left out and reported; so is all after the place where a
    gzipped file breaks off, and that a plain one ends within a line.

    Raises
    ------
    ValueError
        The file is too large, or holds no orbit.
    """
    data, warning = _unpacked(path)
    lines = data.split(b"\n")
    del data
    first = next((at + 1 for at, line in enumerate(lines[:200]) if line.startswith(b"-----")), 0)
    parts, bad = [], []
    for start in range(first, len(lines), BATCH):
        batch = lines[start : start + BATCH]
        orbits, wrong = _orbits(batch)
        parts.append(orbits)
        bad += [start + int(at) + 1 for at in wrong]
    orbits = concatenate(parts)
    if not len(orbits):
        raise ValueError(f"{path.name} holds no orbit in the format of MPCORB.DAT")
    if not warning and (bad[-1:] == [len(lines)] or is_cut(lines[first:], _WIDTH)):
        warning = f"{path.name} ends within a line: it is truncated, and the orbits before that place are used"
    return Catalogue(orbits, bad, warning)


def is_cut(lines: Sequence[bytes] | Sequence[str], width: int) -> bool:
    """Return whether a file's last line, after which no line feed follows, is narrower than all others' full width."""
    *whole, last = lines
    return 0 < len(last.rstrip()) < width and bool(whole) and all(len(each) >= width for each in whole if each.strip())


def _unpacked(path: Path) -> tuple[bytes, str]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path.name} has more than {LARGEST} bytes")
        return path.read_bytes(), ""
    chunks, size, warning = [], 0, ""
    with gzip.open(path) as stream:
        try:
            while chunk := stream.read1(1 << 16):
                size += len(chunk)
                if size > LARGEST:
                    raise ValueError(f"{path.name} unpacks to more than {LARGEST} bytes")
                chunks.append(chunk)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            warning = f"{path.name} is truncated or damaged ({error}): the orbits before that place are used"
    return b"".join(chunks), warning


def _orbits(lines: list[bytes]) -> tuple[Orbits, NDArray[np.int64]]:
    """Return the orbits of some lines, and the indices of the lines that are none; blank ones are neither."""
    lengths = np.fromiter((len(line.rstrip()) for line in lines), int, len(lines))
    text = np.array([line[:_WIDTH] for line in lines], f"S{_WIDTH}").view("S1").reshape(len(lines), _WIDTH)

    def column(start: int, end: int) -> NDArray[np.bytes_]:
        """Return the columns `start` to `end`, counted from 1 as the format's page does."""
        return np.ascontiguousarray(text[:, start - 1 : end]).view(f"S{end - start + 1}")[:, 0]

    epoch = _dates(column(21, 25))
    mean, argument, node, inclination = (_numbers(column(*place)) for place in ((27, 35), (38, 46), (49, 57), (60, 68)))
    e, axis = _numbers(column(71, 79)), _numbers(column(93, 103))
    good = np.isfinite(epoch + mean + argument + node + inclination) & (e >= 0) & (e < 1) & (axis > 0)
    good &= (lengths >= _END_OF_ELEMENTS) & (np.char.strip(column(1, 7)) != b"")
    p, q = perifocal_axes(node, argument, inclination)
    with np.errstate(divide="ignore", invalid="ignore"):
        motion = np.degrees(GAUSS) / axis**1.5
        mean = mean - 360 * (mean > 180)
        perihelion_time = epoch - mean / motion
    good &= np.isfinite(perihelion_time)
    uncertainty = _numbers(column(106, 106))
    runoff = np.where(np.isfinite(uncertainty), RUNOFF[np.nan_to_num(uncertainty).astype(int)], np.nan)
    orbits = Orbits(
        np.char.strip(column(1, 7)), epoch, axis * (1 - e), e, perihelion_time, p, q,
        _numbers(column(9, 13)), _numbers(column(15, 19)), runoff, _days(column(195, 202)),
        np.full(len(lines), np.nan),
    )  # fmt: skip
    return orbits.take(good), np.flatnonzero(~good & (lengths > 0))


def _texts(text: NDArray[np.bytes_]) -> "pd.Series[str]":
    return pd.Series(np.char.decode(text, "latin-1"))  # which has a letter for every byte: damage is no number or date


def _numbers(text: NDArray[np.bytes_]) -> Array:
    """Return numbers, NaN where there is none."""
    try:
        return text.astype(float)
    except ValueError:
        return pd.to_numeric(_texts(text), errors="coerce").to_numpy(dtype=float)


def _dates(packed: NDArray[np.bytes_]) -> Array:
    distinct, code = np.unique(packed, return_inverse=True)
    days = np.full(len(distinct), np.nan)
    for at, text in enumerate(distinct):
        try:
            days[at] = unpack_date(text.decode("ascii", "replace"))
        except ValueError:
            continue
    values: Array = days[code]
    return values


def _days(text: NDArray[np.bytes_]) -> Array:
    """Return MJD of dates such as 20190915; NaN where there is none."""
    stamps = pd.to_datetime(_texts(text), format="%Y%m%d", errors="coerce")
    return ((stamps - pd.Timestamp(MJD_EPOCH.date())) / pd.Timedelta(days=1)).to_numpy(dtype=float)
