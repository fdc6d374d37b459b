"""Alert packets of Palomar's infrared surveys, WINTER and Gattini-IR (PGIR), and of TURBO, all shaped like ZTF's.

Schemas: github.com/winter-telescope/mirar; examples of all three: github.com/skyportal/kowalski. Cutouts are bare bytes
of gzipped FITS without WCS. Old packets of WINTER state another camera's filters (0 = Y);
its pipeline writes 1 = Y.
"""

from dataclasses import replace

from ml.io.alerts.packet_map import CHANNELS
from ml.io.alerts.ztf import ZTF

_SHAPED_LIKE_ZTF = replace(ZTF, side=None, edges=None, exposure=None)

WINTER = replace(
    _SHAPED_LIKE_ZTF,
    survey="WINTER",
    marks=("objectid", "candidate.jd", "candidate.fid", "cutout_science"),
    object_group="objectid",
    bands={1: "Y", 2: "J", 3: "Hs"},
    cutouts={channel: f"cutout_{channel}" for channel in CHANNELS},
)
"""Frostig et al. 2024: 81×81 pixels of 1.11 arcsec, 120 s."""

PGIR = replace(
    _SHAPED_LIKE_ZTF,
    survey="PGIR",
    marks=("objectId", "candidate.jd", "candidate.stackquadid"),
    band="",
    bands={None: "J"},
    cutouts={channel: f"cutout{channel.title()}" for channel in CHANNELS},
    sentinels=(-99, -999, "NONE", ""),
)
"""De et al. 2020, PASP 132, 025001: one band (J), 61×61 drizzled pixels of 4.35 arcsec; the exposure is a stack."""

TURBO = replace(
    _SHAPED_LIKE_ZTF,
    survey="TURBO",
    marks=("objectId", "candidate.jd", "candidate.tmobjectid1"),
    bands={},
    cutouts=PGIR.cutouts,
)
"""Its filter numbers are not documented, so its bands stay unknown; most packets state no exposure time."""
