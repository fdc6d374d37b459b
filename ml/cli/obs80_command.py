"""`python -m ml obs80`: observations in the Minor Planet Center's 80 columns to CSV, and tracklets to 80 columns."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ml.cli.sky_table import Rows, number, table_command
from ml.io.whole_file import whole_file
from ml.sky.ades import Record
from ml.sky.ades_record import LONGEST_NAME, location, record_of, to_obs80
from ml.sky.ades_rules import BANDS, station_problems, tracklet_problems
from ml.sky.detection_table import read_detections
from ml.sky.detections import Detections
from ml.sky.obs80 import Observation, read_obs80, write_obs80
from ml.sky.observatories import Observatory, read_observatories

HEADER = ("tracklet", "mjd", "ra", "dec", "mag", "band", "observatory", "obs_x", "obs_y", "obs_z")
LARGEST = 500_000_000
NAMED_LINES = 5


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = table_command(subparsers, "obs80", "read or write the Minor Planet Center's 80 columns", obs80_table)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--read", type=Path, help="observations in 80 columns, or the Center's JSON of them")
    source.add_argument("--data", type=Path, help="CSV: tracklet, mjd, ra, dec[, mag, band, obs_x…z]; writes --obs")
    parser.add_argument("--obs", type=Path, help="file of 80 columns to write; with --read, of what was read")
    parser.add_argument("--observatory", default="", help="MPC code for rows without one")
    parser.add_argument("--band", default=" ", help="one letter for magnitudes whose row has no band")


def obs80_table(args: argparse.Namespace) -> Rows:
    """Read 80 columns as a table, or write a table as 80 columns."""
    if args.read is not None:
        return HEADER, _read(args.read, args.obs)
    if args.obs is None or len(args.band) != 1:
        raise ValueError("give --obs, the file to write, and one letter as --band")
    observations = observations_of(read_detections(args.data), args.observatory, args.band)
    with whole_file(args.obs) as partial:
        partial.write_text(write_obs80(observations), encoding="ascii")
    return ("observations", "tracklets"), [(str(len(observations)), str(len({each.packed for each in observations})))]


def _read(path: Path, rewritten: Path | None) -> Iterator[list[str]]:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} has more than {LARGEST} bytes")
    text = _columns(path.name, path.read_bytes().decode("ascii", "replace"))
    found, bad = read_obs80(text)
    if not found:
        raise ValueError(f"{path.name} holds no observation in 80 columns")
    if bad:
        lines = ", ".join(map(str, bad[:NAMED_LINES])) + (", …" if len(bad) > NAMED_LINES else "")
        sys.stderr.write(f"obs80: {len(bad)} lines of {path.name} are no observations (line {lines})\n")
    if rewritten is not None:
        rewritten.write_text(write_obs80(found, ends_line=text.endswith("\n")), encoding="ascii")
    return (_row(each) for each in found)


def _columns(name: str, text: str) -> str:
    """Return the lines of a file, or of the records in JSON that the Center's web service answers with."""
    if not text.lstrip().startswith("["):
        return text
    try:
        records = [record["original_record"] for record in json.loads(text)]
        return "".join(f"{record[at : at + 80]}\n" for record in records for at in range(0, len(record), 80))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{name} is JSON, but no list of records with an original_record") from error


def _row(each: Observation) -> list[str]:
    ra, dec = each.degrees
    place = [number(value, 4) for value in each.observer]
    spot = [number(each.time.value, 8), number(ra, 8), number(dec, 8)]
    return [each.name, *spot, each.magnitude.strip(), each.band.strip(), each.code, *place]


def observations_of(detections: Detections, observatory: str, band: str) -> list[Observation]:
    """Return the observations of tracklets, checked.

    Raises
    ------
    ValueError
        A row lacks a time or a position, or has a band that the Center does not know; a name is not a temporary
        designation of one to seven letters and digits; a tracklet has fewer than two positions in a night, or two at
        one time; an observatory is unknown, or in space and nobody says where.
    """
    if not detections.usable.all():
        row = int(np.flatnonzero(~detections.usable)[0]) + 1
        raise ValueError(f"row {row} lacks a time or a position; nothing was written")
    bands = np.where(np.char.str_len(detections.band) > 0, detections.band, band)
    for name in np.unique(bands).tolist():
        if name not in BANDS and not (len(name) == 1 and name.isascii()):
            bands_there = ", ".join(BANDS)
            raise ValueError(f"{name!r} is no band of the Center: one letter, or {bands_there}; nothing was written")
    codes = np.where(np.char.str_len(detections.observatory) > 0, detections.observatory, observatory)
    for name in np.unique(detections.name).tolist():
        if not (0 < len(name) <= LONGEST_NAME and name.isascii() and name.isalnum()):
            raise ValueError(f"{name!r} is no temporary designation: 1 to 7 letters and digits; nothing was written")
    order = np.lexsort([detections.mjd, detections.name])
    known = read_observatories()
    records = [_record(detections, int(at), str(codes[at]), str(bands[at]), known) for at in order]
    for problem in (*station_problems(records, known), *tracklet_problems(records, known)):
        raise ValueError(f"{problem.message} Nothing was written.")
    return [to_obs80(record) for record in records]


def _record(detections: Detections, at: int, code: str, band: str, known: Mapping[str, Observatory]) -> Record:
    mag = float(detections.mag[at])
    texts = {"trkSub": str(detections.name[at]), "mode": "CCD", "stn": code}
    texts |= location(known.get(code), detections.observer[at].tolist())
    texts |= {"mag": f"{mag:.2f}", "band": band} if -30 < mag < 50 else {}
    return record_of(float(detections.mjd[at]), float(detections.ra[at]), float(detections.dec[at]), **texts)
