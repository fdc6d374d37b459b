"""`python -m ml known`: known objects near each detection of a CSV."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.sky_table import Rows, check_usable, number, table_command, unusable_rows
from ml.sky.advance import advance
from ml.sky.comet_elements import read_comets
from ml.sky.detection_table import read_detections
from ml.sky.detections import Detections
from ml.sky.known_objects import Matches, match
from ml.sky.mpcorb import Catalogue, read_mpcorb
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_of
from ml.sky.orbits import OLD_DAYS, Orbits, concatenate
from ml.sky.packed import unpack_designation
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import positions, unit_vectors

HEADER = (
    "row", "tracklet", "mjd", "object", "separation", "along", "across", "orbit_error", "sigmas",
    "ra", "dec", "rate", "pa", "mag", "distance", "sun_distance", "orbit_days",
)  # fmt: skip
NAMED_LINES = 5


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = table_command(subparsers, "known", "find the known objects near each detection", known_table)
    parser.add_argument(
        "--orbits", type=Path, action="append", default=[], help="MPCORB.DAT, plain or gzipped; repeatable"
    )
    parser.add_argument("--comets", type=Path, action="append", default=[], help="CometEls.txt; repeatable")
    parser.add_argument(
        "--data", type=Path, required=True,
        help="CSV: mjd, ra, dec[, tracklet, rms_ra, rms_dec, observatory, obs_x, obs_y, obs_z, obs_vx, obs_vy, obs_vz]",
    )  # fmt: skip
    parser.add_argument("--radius", type=float, required=True, help="return all objects within this distance, arcsec")
    parser.add_argument(
        "--max-uncertainty",
        type=float,
        default=60.0,
        help="and others within 3σ of their orbit, at most this, arcsec (60)",
    )
    parser.add_argument("--observatory", default="500", help="MPC code for rows without one (default 500, geocentre)")
    parser.add_argument("--obscodes", type=Path, help="a newer obscodes_extended.json of the Minor Planet Center")
    parser.add_argument(
        "--advance", action="store_true", help="first integrate all orbits to the time of the data: for old elements"
    )


def known_table(args: argparse.Namespace) -> Rows:
    """Match the detections of a CSV and return the table of all candidates."""
    if not 0 < args.radius <= 36_000 or not 0 <= args.max_uncertainty <= 36_000:
        raise ValueError("--radius must be more than 0 and at most 36000 arcsec, --max-uncertainty 0 to 36000")
    if not args.orbits and not args.comets:
        raise ValueError("give --orbits or --comets")
    detections = read_detections(args.data, need_name=False)
    observers, problems = observers_of(detections, read_observatories(args.obscodes), args.observatory)
    problems += unusable_rows(detections) + _unknown_velocities(detections)
    check_usable(np.isfinite(observers.position).all(1) & detections.usable, problems)
    catalogues = [*map(read_mpcorb, args.orbits), *map(read_comets, args.comets)]
    for path, catalogue in zip([*args.orbits, *args.comets], catalogues, strict=True):
        problems += _catalogue_problems(path, catalogue)
    orbits = concatenate([catalogue.orbits for catalogue in catalogues])
    epochs = dict(zip(orbits.name.tolist(), orbits.epoch.tolist(), strict=True))
    times = observers.mjd[np.isfinite(observers.mjd)]
    if len(times):
        middle = float((times.min() + times.max()) / 2)
        problems += _old(orbits, middle, advanced=args.advance)
        orbits = advance(orbits, middle) if args.advance else orbits
    for problem in problems:
        sys.stderr.write(f"known: {problem}\n")
    rms = np.fmax(detections.rms_ra, detections.rms_dec)
    directions = np.where(detections.usable[:, None], unit_vectors(detections.ra, detections.dec), np.nan)
    found = match(Sweep(orbits), observers, directions, rms, args.radius, args.max_uncertainty)
    return HEADER, _rows(detections, orbits, found, epochs)


def _unknown_velocities(detections: Detections) -> list[str]:
    lacking = np.isfinite(detections.observer).all(1) & ~np.isfinite(detections.observer_velocity).all(1)
    count = int((lacking & detections.usable).sum())
    if not count:
        return []
    return [
        f"{count} rows have a place (obs_x …) but no velocity (obs_vx …), and no other place a few minutes away:"
        " their rate, pa, along and across are for an observer who moves with the Earth's centre"
    ]


def _catalogue_problems(path: Path, catalogue: Catalogue) -> list[str]:
    problems = [catalogue.warning] if catalogue.warning else []
    if catalogue.bad_lines:
        lines = ", ".join(map(str, catalogue.bad_lines[:NAMED_LINES]))
        more = ", …" if len(catalogue.bad_lines) > NAMED_LINES else ""
        problems.append(
            f"{path.name}: lines that are no orbits are left out: {len(catalogue.bad_lines)} (line {lines}{more})"
        )
    return problems


def _old(orbits: Orbits, mjd: float, *, advanced: bool) -> list[str]:
    """Say that elements are old, if they are: an object without a match need not be new."""
    days = np.abs(np.median(orbits.epoch) - mjd)
    if days <= OLD_DAYS:
        return []
    advice = "" if advanced else "; --advance integrates them all to the time of the data, or load newer ones"
    return [f"the elements are {days:.0f} days from the data, so an object without a match need not be new{advice}"]


def _rows(
    detections: Detections, orbits: Orbits, found: list[Matches], epochs: dict[bytes, float]
) -> Iterator[list[str]]:
    for matches in found:
        ra, dec = positions(matches.seen.direction)
        rate = np.hypot(*matches.seen.motion.T)
        angle = np.degrees(np.arctan2(*matches.seen.motion.T)) % 360
        columns = (
            (matches.separation, 3), (matches.along, 3), (matches.across, 3),
            (matches.orbit_error, 2), (matches.sigmas, 2),
            (ra, 6), (dec, 6), (rate, 3), (angle, 2), (matches.magnitude, 1), (matches.seen.distance, 4),
            (matches.seen.sun_distance, 4),
        )  # fmt: skip
        for at, (row, orbit) in enumerate(zip(matches.detection, matches.orbit, strict=True)):
            name = orbits.name[orbit]
            age = detections.mjd[row] - epochs[name]
            values = [number(values[at], digits) for values, digits in columns]
            place = [str(row + 1), detections.name[row], number(detections.mjd[row], 6)]
            yield [*place, unpack_designation(name.decode("ascii", "replace")), *values, f"{age:.1f}"]
