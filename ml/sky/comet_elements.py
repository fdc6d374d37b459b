"""Read the Minor Planet Center's comet elements (CometEls.txt).

Source: https://minorplanetcenter.net/iau/info/CometOrbitFormat.html. Non-gravitational forces are not in that file.
"""

import re
from datetime import date
from pathlib import Path

import numpy as np

from ml.io.mjd import day_number
from ml.sky.mpcorb import Catalogue, is_cut
from ml.sky.orbits import Orbits, perifocal_axes

_LARGEST = 100_000_000
_NAMED = 103  # characters up to the name, which follows all elements
_USUAL_SLOPE = 4.0
_FRAGMENT = re.compile(r"[a-z]{1,2}$")


def read_comets(path: Path) -> Catalogue:
    """Read CometEls.txt; lines that cannot be read are left out and reported.

    Raises
    ------
    ValueError
        The file is too large, or holds no orbit.
    """
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path.name} has more than {_LARGEST} bytes")
    rows, names, bad = [], [], []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name = _name(line).encode("ascii")
            rows.append(_elements(line))
            names.append(name)
        except ValueError:
            bad.append(number)
    if not rows:
        raise ValueError(f"{path.name} holds no orbit in the format of CometEls.txt")
    time, perihelion, e, argument, node, inclination, epoch, absolute, activity = np.array(rows).T
    p, q = perifocal_axes(node, argument, inclination)
    unknown = np.full(len(rows), np.nan)
    orbits = Orbits(np.array(names), epoch, perihelion, e, time, p, q, absolute, unknown, unknown, unknown, activity)
    ends_early = bad[-1:] == [len(lines)] or is_cut(lines, _NAMED)
    return Catalogue(orbits, bad, f"{path.name} ends within a line: it is truncated" if ends_early else "")


def _name(line: str) -> str:
    """Return a packed designation: a number, perhaps with the letters of a fragment, or else the year's."""
    if not line[:4].isdigit():
        return line[4:12].strip()
    fragment = _FRAGMENT.search(line[5:12])
    return line[:5].strip() + (f"{fragment[0]:>7}" if fragment else "")


def _elements(line: str) -> tuple[float, ...]:
    time = _day(line[14:18], line[19:21], line[22:29])
    perihelion, e, *angles = (
        float(line[slice(*place)]) for place in ((30, 39), (41, 49), (51, 59), (61, 69), (71, 79))
    )
    slope = float(line[96:100]) if line[96:100].strip() else _USUAL_SLOPE
    if not (0 < perihelion < 1000 and 0 <= e < 100 and np.isfinite([*angles, slope]).all()):
        raise ValueError("impossible elements")
    epoch = _day(line[81:85], line[85:87], line[87:89]) if line[81:89].strip() else time
    absolute = float(line[91:95]) if line[91:95].strip() else np.nan
    return time, perihelion, e, *angles, epoch, absolute, 2.5 * slope


def _day(year: str, month: str, day: str) -> float:
    whole, fraction = divmod(float(day), 1)
    return day_number(date(int(year), int(month), int(whole))) + fraction
