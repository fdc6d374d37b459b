"""The surveys whose alert packets are known, and which of them a schema belongs to."""

from collections.abc import Collection

from ml.io.alerts.alerce import ALERCE
from ml.io.alerts.atlas import ATLAS
from ml.io.alerts.decam import DECAM
from ml.io.alerts.fink import FINK_API, FLAT
from ml.io.alerts.packet_map import PacketMap
from ml.io.alerts.palomar import PGIR, TURBO, WINTER
from ml.io.alerts.rubin import RUBIN
from ml.io.alerts.ztf import ZTF
from ml.io.records import BadInput

SURVEYS = (RUBIN, ATLAS, DECAM, WINTER, PGIR, TURBO, ALERCE, ZTF, FINK_API, FLAT)
"""Tried in this order: several have all of ZTF's fields and more."""


def recognise(names: Collection[str], given: PacketMap | None = None) -> PacketMap:
    """Return the map of packets with these fields.

    Parameters
    ----------
    names
        Fields of the packets, and of the records in them: ``candidate.ra``.
    given
        A map that the user wrote, which counts before the known ones.

    Raises
    ------
    BadInput
        No known survey's packets have these fields.
    """
    if given is not None and all(mark in names for mark in given.marks):
        return given
    for where in SURVEYS:
        if all(mark in names for mark in where.marks):
            return where
    raise BadInput(
        "is not an alert packet of a known survey (%(surveys)s). Write a mapping file that says what its fields mean: "
        "docs/ingest.md shows how.",
        surveys=", ".join(where.survey for where in SURVEYS),
    )
