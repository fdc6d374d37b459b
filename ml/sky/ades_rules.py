"""What is wrong with an ADES block: the schema, the Minor Planet Center's vocabulary, and its rules for tracklets.

The schema lets wrong stations, bands and catalogues through, so they are compared with lists of our own, after
https://minorplanetcenter.net/iau/info/ADESFieldValues.html: what modern charge-coupled and CMOS detectors need.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import ades
from lxml import etree

from ml.io.message import Message
from ml.sky.ades import Block, Record, write_xml
from ml.sky.ades_record import mjd_of, place_of
from ml.sky.detections import ONE_EXPOSURE
from ml.sky.observatories import EARTH_RADIUS_KM, Observatory, night_of

MODES = ("CCD", "CMO", "TDI", "VID")
CATALOGUES = (
    "Gaia3E", "Gaia3", "Gaia2", "Gaia1", "UCAC5", "UCAC4", "URAT1", "PS1_DR2", "PS1_DR1", "ATLAS2", "2MASS", "PPMXL",
    "USNOB1", "UNK",
)  # fmt: skip
BANDS = (
    "Vj", "VR", "Rc", "Ic", "Bj", "Uj", "Su", "Sg", "Sr", "Si", "Sz", "Pg", "Pr", "Pi", "Pz", "Py", "Pw", "Ac", "Ao",
    "G", "Gb", "Gr", "Lu", "Lg", "Lr", "Li", "Lz", "Ly", "UNK",
)  # fmt: skip
LEAST_POSITIONS = 2  # of an object in a night
_ROW = re.compile(r"/optical(?:\[(\d+)\])?(?:/|$)")


@dataclass(frozen=True)
class Problem:
    """What is wrong.

    Attributes
    ----------
    message
        A sentence.
    row
        The observation, from 0; None for the block as a whole.
    blocks
        Whether it keeps the block from being sent; False for a remark.
    """

    message: str
    row: int | None = None
    blocks: bool = True


def problems_of(block: Block, observatories: Mapping[str, Observatory]) -> list[Problem]:
    """Return everything that is wrong with a block of optical observations, by schema, vocabulary and tracklet."""
    return [
        *schema_problems(write_xml([block])),
        *station_problems(block.observations, observatories),
        *_vocabulary_problems(block.observations),
        *tracklet_problems(block.observations, observatories),
    ]


@lru_cache(1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(files(ades).joinpath("data/xsd/submit.xsd").read_bytes()))


def schema_problems(document: bytes) -> Iterator[Problem]:
    """Yield what the schema for submissions finds in a document of one block."""
    schema = _schema()
    if schema.validate(etree.fromstring(document)):
        return
    for error in schema.error_log:
        place = _ROW.search(error.path or "")
        row = int(place[1] or 1) - 1 if place else None
        yield Problem(Message("The ADES schema refuses it: %(problem)s", problem=error.message), row)


def station_problems(records: list[Record], observatories: Mapping[str, Observatory]) -> Iterator[Problem]:
    """Yield observatories that are unknown or rove on the ground, and positions without the place of a spacecraft."""
    for station in sorted({record.get("stn", "") for record in records}):
        if station not in observatories:
            yield Problem(Message("The Minor Planet Center lists no observatory “%(code)s”.", code=station))
        elif observatories[station].is_in_space:
            rows = [row for row, record in enumerate(records) if record.get("stn") == station]
            yield from _place_problems(records, rows, observatories[station])
        elif observatories[station].longitude is None:
            names = {"code": station, "name": observatories[station].name}
            yield Problem(
                Message(
                    "%(code)s (%(name)s) has no fixed place on the ground. Such reports are not made here.", **names
                )
            )


def _place_problems(records: list[Record], rows: list[int], observatory: Observatory) -> Iterator[Problem]:
    for row in rows:
        place = place_of(records[row])
        if place is None:
            sentence = Message(
                "Observatory %(code)s (%(name)s) has no fixed place, and nothing says where it was. Give obs_x, obs_y"
                " and obs_z (km) of each frame.",
                code=observatory.code,
                name=observatory.name,
            )
            yield Problem(sentence, row)
        elif math.hypot(*place) < EARTH_RADIUS_KM:
            yield Problem(Message("The spacecraft would be inside the Earth; obs_x, obs_y and obs_z are in km."), row)


def _vocabulary_problems(records: list[Record]) -> Iterator[Problem]:
    lists = {"mode": MODES, "astCat": CATALOGUES, "photCat": CATALOGUES, "band": BANDS}
    for row, record in enumerate(records):
        for element, allowed in lists.items():
            if (value := record.get(element)) and value not in allowed:
                yield Problem(
                    Message(
                        "“%(value)s” is not in the Minor Planet Center's list for %(element)s.",
                        value=value,
                        element=element,
                    ),
                    row,
                )


def tracklet_problems(records: list[Record], observatories: Mapping[str, Observatory]) -> Iterator[Problem]:
    """Yield nights of an object with one position, two positions at one time, and objects that stand still."""
    for name, rows in _by_object(records).items():
        timed = sorted((mjd_of(records[row]), row) for row in rows)
        nights: dict[int, list[int]] = defaultdict(list)
        for mjd, row in timed:
            nights[night_of(mjd, observatories.get(records[row].get("stn", "")))].append(row)
        for alone in (night for night in nights.values() if len(night) < LEAST_POSITIONS):
            sentence = Message("%(name)s has only one position in this night; at least two are needed.", name=name)
            yield Problem(sentence, alone[0])
        for (one, _), (other, row) in pairwise(timed):
            if other - one < ONE_EXPOSURE:
                yield Problem(Message("%(name)s has two positions at one time.", name=name), row)
        if len(rows) > 1 and len({(records[row].get("ra"), records[row].get("dec")) for row in rows}) == 1:
            sentence = Message("%(name)s has the same position at all times. Give the position of each.", name=name)
            yield Problem(sentence, rows[0])


def _by_object(records: Iterable[Record]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        rows[record.get("permID") or record.get("provID") or record.get("trkSub", "")].append(row)
    return rows
