"""One optical observation as an ADES record, from numbers, and records in 80 columns."""

import math
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from ml.io.mjd import MJD_EPOCH
from ml.sky.ades import Block, Record
from ml.sky.obs80 import Observation, Sexagesimal, with_place, write_obs80
from ml.sky.observatories import Observatory
from ml.sky.solar_system import AU_KM

LONGEST_NAME = 7  # characters of a temporary designation in 80 columns; ADES allows 8
FAR_KM = 100_000.0  # from here on au are written, as in 80 columns
UNKNOWN_BAND = "UNK"
_EARTH = "399"  # for SPICE
_AXES = ("pos1", "pos2", "pos3")
_UNITS = {"ICRF_KM": 1.0, "ICRF_AU": AU_KM}
_HOW = {"CCD": "C", "TDI": "C", "CMO": "B", "VID": "n"}  # column 15 by mode
_FIRST_LETTER = {"Vj", "VR", "Rc", "Rj", "Ic", "Bj", "Uj", "Gb", "Gr"}  # bands that the first letter names


def record_of(mjd: float, ra: float, dec: float, **texts: str) -> Record:
    """Return the record of a position.

    Parameters
    ----------
    mjd
        UTC, mid-exposure; written to the millisecond.
    ra, dec
        Degrees, ICRS; written to 1e-6 degrees, 0.004″.
    **texts
        All other elements, as they are written.
    """
    when = MJD_EPOCH + timedelta(milliseconds=round(mjd * 86_400_000))
    turned = round(ra % 360, 6) % 360  # 359.9999999 is 0
    return {**texts, "obsTime": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z", "ra": f"{turned:.6f}",
            "dec": f"{dec:.6f}"}  # fmt: skip


def location(observatory: Observatory | None, place: Sequence[float]) -> Record:
    """Return the elements that say where a spacecraft was; none for other observatories, or an unknown place.

    Parameters
    ----------
    place
        Three coordinates, km from the Earth's centre, ICRF; NaN if unknown.
    """
    if observatory is None or not observatory.is_in_space or not all(map(math.isfinite, place)):
        return {}
    is_near = max(map(abs, place)) < FAR_KM
    texts = [f"{each:.4f}" if is_near else f"{each / AU_KM:.10f}" for each in place]
    return {"sys": "ICRF_KM" if is_near else "ICRF_AU", "ctr": _EARTH, **dict(zip(_AXES, texts, strict=True))}


def place_of(record: Record) -> tuple[float, ...] | None:
    """Return where a spacecraft was, km from the Earth's centre, ICRF; None if the record does not say.

    Raises
    ------
    ValueError
        It says so in other coordinates.
    """
    if not record.get("sys"):
        return None
    if record["sys"] not in _UNITS:
        raise ValueError(f"{record['sys']} is not ICRF")
    return tuple(float(record[axis]) * _UNITS[record["sys"]] for axis in _AXES)


def positive(value: float | None, digits: int, width: int) -> str:
    """Return a positive number of at most `width` characters; empty if it is unknown, zero, or too long."""
    if value is None or not math.isfinite(value) or value <= 0:
        return ""
    text = f"{value:.{digits}f}"
    return text if len(text) <= width and float(text) > 0 else ""


def mjd_of(record: Record) -> float:
    """Return the MJD, UTC, of a record's time.

    Raises
    ------
    ValueError
        It has no time that can be read.
    """
    when = datetime.fromisoformat(record.get("obsTime", "").replace("Z", "+00:00"))
    return (when - MJD_EPOCH) / timedelta(days=1)


def to_obs80(record: Record) -> Observation:
    """Return a record in 80 columns; column 72 (catalogue) is blank, as in submissions.

    Raises
    ------
    ValueError
        Its name, observatory code or place does not fit into the columns.
    """
    name, station = record.get("trkSub", ""), record["stn"]
    if not 0 < len(name) <= LONGEST_NAME or len(station) != 3:
        raise ValueError(f"{name or 'a record'} of observatory {station} does not fit into 80 columns")
    dec = float(record["dec"])
    mag = record.get("mag", "")
    observation = Observation(
        packed=f"{'':5}{name:7}",
        flags=f"  {_HOW.get(record['mode'], ' ')}",
        time=Sexagesimal(mjd_of(record), 6),
        ra=Sexagesimal(round(float(record["ra"]) * 240, 3) % 86_400 / 3600, 3),  # 359.999999° is 0h
        dec=Sexagesimal(abs(dec), 2),
        is_south=math.copysign(1, dec) < 0,
        between="",
        magnitude=f"{float(mag):5.2f}" if mag else "",
        band=_letter(record.get("band", "")) if mag else "",
        catalogue="",
        reference="",
        code=station,
    )
    place = place_of(record)
    return observation if place is None else with_place(observation, place)


def _letter(band: str) -> str:
    """Return the letter of a band in column 71: the second of two, except of the old systems; empty if unknown."""
    if band == UNKNOWN_BAND:
        return ""
    return band[:1] if len(band) == 1 or band in _FIRST_LETTER else band[1:2]


def write_obs80_report(block: Block) -> str:
    """Return a block as a report in 80 columns: the header that the Minor Planet Center asks for, then the lines.

    Raises
    ------
    ValueError
        A record does not fit into 80 columns.
    """
    of = {(group, name): text for group, elements in block.context for name, text in elements}
    telescope = [of.get(("telescope", name), "") for name in ("aperture", "fRatio", "design", "detector")]
    aperture, ratio, design, detector = telescope
    measurers = [text for group, elements in block.context if group == "measurers" for _, text in elements]
    contact = [of.get(("submitter", name), "") for name in ("name", "institution")]
    header = {
        "COD": of.get(("observatory", "mpcCode"), ""),
        "CON": ", ".join(filter(None, contact)),
        "MEA": ", ".join(measurers),
        "TEL": " ".join(filter(None, [f"{aperture}-m", ratio and f"f/{ratio}", design, "+", detector])),
        "NET": ", ".join(sorted({record["astCat"] for record in block.observations})),
    }
    lines = "".join(f"{keyword} {_ascii(text)}\n" for keyword, text in header.items() if text)
    return lines + write_obs80(map(to_obs80, block.observations))


def _ascii(text: str) -> str:
    """Return a text without accents; other letters become question marks."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(each for each in letters if not unicodedata.combining(each)).encode("ascii", "replace").decode()
