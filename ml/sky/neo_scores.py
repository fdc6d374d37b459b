"""digest2 scores of short arcs: how likely the orbit is of each class (Keys et al. 2019, PASP 131, 064501).

The package digest2, the Minor Planet Center's own code, is optional: where PyPI has no wheel it needs a C compiler.
"""

import importlib
import importlib.util
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.io.message import Message
from ml.sky.ades_rules import BANDS
from ml.sky.observatories import Observatory, read_observatories

Array = NDArray[np.float64]
V_MINUS = {
    "V": 0.0, "v": 0.0, "B": -0.8, "U": -1.3, "g": -0.28, "r": 0.23, "R": 0.4, "C": 0.4, "W": 0.4, "i": 0.39,
    "z": 0.37, "I": 0.8, "J": 1.2, "w": -0.16, "y": 0.36, "L": 0.2, "H": 1.4, "K": 1.7, "Y": 0.7, "G": 0.24,
    "c": -0.05, "o": 0.33, "u": 2.5,
}  # fmt: skip
"""V minus the magnitude in a band, by the band's letter in 80 columns: the Minor Planet Center's conversions."""
CLASSES = (
    "Int", "NEO", "N22", "N18", "MC", "Hun", "Pho", "MB1", "Pal", "Han", "MB2", "MB3", "Hil", "JTr", "JFC",
)  # fmt: skip
"""digest2's classes of orbits, in its order: interesting, near-Earth (all, H ≤ 22, H ≤ 18), Mars crossers and so on."""
CODE_LENGTH = 3


class NotInstalled(ImportError):
    """The package digest2 is missing."""


@dataclass(frozen=True)
class NeoScores:
    """Scores of 0 to 100 by class, and the misfit of motion along a great circle in arcsec, as digest2 has it.

    `raw` compares with all orbits of the population model, `noid` with those not known yet.
    """

    raw: dict[str, float]
    noid: dict[str, float]
    rms: float


def neo_scores(mjd: Array, ra: Array, dec: Array, mag: Array, bands: list[str], code: str) -> NeoScores:
    """Score the detections of one tracklet. Takes 0.05 to 1 s.

    Raises NotInstalled; ValueError if there are no two detections at different times, or no such fixed observatory.

    Parameters
    ----------
    mjd
        (N,) UTC, middle of the exposure.
    ra, dec
        (N,) deg, ICRS. Errors are digest2's own for the observatory, 1″ where it has none.
    mag, bands
        (N,) magnitudes, NaN where unknown, and the names of their bands, as in ADES or 80 columns; others count as V.
        Without any magnitude, digest2 assumes V = 21.
    code
        The observatory's code at the Minor Planet Center.
    """
    observatory = read_observatories().get(code)
    if observatory is None or not _is_fixed(observatory):
        raise ValueError(Message("digest2 needs an observatory with a fixed place, not “%(code)s”.", code=code))
    known = np.isfinite(mjd) & np.isfinite(ra) & np.isfinite(dec)
    if len(np.unique(mjd[known])) < 2:
        raise ValueError(Message("digest2 needs two detections with a position, at different times."))
    in_v = [value + _v_minus(band) if np.isfinite(value) else 0.0 for value, band in zip(mag, bands, strict=True)]
    observation = _module("digest2.observation").Observation
    seen = [
        observation(mjd=float(mjd[row]), ra=float(ra[row]), dec=float(dec[row]), mag=float(in_v[row]), obscode=code)
        for row in sorted(np.flatnonzero(known), key=lambda row: mjd[row])
    ]
    try:
        result = _classifier().classify_tracklet(seen)
    except RuntimeError as error:
        raise ValueError(Message("digest2 has no score for these detections: %(error)s.", error=error)) from error
    return NeoScores(dict(result.raw.items()), dict(result.noid.items()), float(result.rms))


def can_score(code: str) -> bool:
    """Return whether digest2 is installed here, and the observatory has a fixed place."""
    observatory = read_observatories().get(code)
    return observatory is not None and _is_fixed(observatory) and importlib.util.find_spec("digest2") is not None


@lru_cache(1)
def _classifier() -> Any:
    """Return the classifier; it reads the population model, which takes half a second, and our observatories."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "observatories"
        path.write_text("".join(_line(each) for each in read_observatories().values() if _is_fixed(each)))
        return _module("digest2").Digest2(obscodes_path=str(path))


def _v_minus(band: str) -> float:
    """Return V minus the magnitude in a band; ADES names bands of Sloan, Pan-STARRS, ATLAS and Rubin by two letters."""
    if len(band) == 1 or band not in BANDS:
        return V_MINUS.get(band, 0.0)
    return V_MINUS.get(band[1] if band[0] in "SPAL" else band[0], 0.0) if band != "UNK" else 0.0


def _is_fixed(observatory: Observatory) -> bool:
    return observatory.longitude is not None and len(observatory.code) == CODE_LENGTH


def _line(observatory: Observatory) -> str:
    """Return a line of the Minor Planet Center's list of codes, whose columns digest2 reads."""
    place = f"{observatory.longitude:9.5f}{observatory.cos:8.6f}{observatory.sin:+9.6f}"
    return f"{observatory.code} {place}{observatory.name}\n"


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise NotInstalled(
            Message("digest2 is not installed on this worker: run pip install digest2, which may need a C compiler.")
        ) from error
