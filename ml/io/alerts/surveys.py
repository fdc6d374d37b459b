"""The surveys whose alert packets are known: where each has its fields, and which of them a schema belongs to."""

from collections.abc import Collection
from dataclasses import replace

from ml.io.alerts.packet_map import CHANNELS, PacketMap
from ml.io.records import BadInput

# Alert packets of the Zwicky Transient Facility (ZTF), from its archive and brokers. Masci et al. 2019, PASP 131,
# 018003; schema 4.02 in github.com/ZwickyTransientFacility/ztf-avro-alert. Pixels are 1.01 arcsec; stamps have 63×63 of
# them with the source in the centre, clipped at the edges of a readout quadrant.
SURVEY_SCORES = frozenset({"rb", "drb", "rbversion", "drbversion", "classtar"})
KNOWN_OBJECTS = frozenset({"ssdistnr", "ssmagnr", "ssnamenr"})

ZTF = PacketMap(
    survey="ZTF",
    marks=("objectId", "candidate.jd", "candidate.fid", "candidate.magpsf"),
    external_id="candid|candidate.candid",
    object_group="objectId",
    ra="candidate.ra",
    dec="candidate.dec",
    time="candidate.jd",
    is_julian=True,
    is_start=True,
    exptime="candidate.exptime",
    exposure=30.0,
    band="candidate.fid",
    bands={1: "g", 2: "r", 3: "i"},
    mag="candidate.magpsf",
    mag_error="candidate.sigmapsf",
    flux="candidate.forcediffimflux",
    flux_error="candidate.forcediffimfluxunc",
    zero_point_field="candidate.magzpsci",
    limit="candidate.diffmaglim",
    cutouts={channel: f"cutout{channel.title()}.stampData" for channel in CHANNELS},
    side=63,
    edges=(("candidate.xpos", 3072.0), ("candidate.ypos", 3080.0)),
    pixel_scale=1.01,
    hidden=SURVEY_SCORES | KNOWN_OBJECTS,
    known_object="candidate.ssnamenr",
    known_distance="candidate.ssdistnr",
    history=("prv_candidates", "fp_hists"),
    sentinels=(-999, "null", ""),
)

# Alert packets of the Vera C. Rubin Observatory (LSST), schemas 3 to 11, and of its simulations (ELAsTiCC).
# github.com/lsst/alert_packet; DMTN-093. Times are TAI in the middle of the visit, fluxes nanojansky, pixels 0.2
# arcsec. Cutouts are FITS, plain or from CCDData with variance, mask and PSF planes, which are left out; their WCS is
# linear in the tangent plane and names no projection. The science cutout exists from schema 7 on; the identifiers are 0
# for none.
RUBIN = PacketMap(
    survey="Rubin",
    marks=("diaSource", "diaSource.diaSourceId"),
    external_id="diaSource.diaSourceId",
    object_group="diaSource.diaObjectId",
    ra="diaSource.ra",
    dec="diaSource.dec|diaSource.decl",
    time="diaSource.midpointMjdTai|diaSource.midPointTai",
    scale="TAI",
    exposure=30.0,
    band="diaSource.band|diaSource.filterName",
    flux="diaSource.psfFlux|diaSource.psFlux",
    flux_error="diaSource.psfFluxErr|diaSource.psFluxErr",
    snr="diaSource.snr",
    cutouts={channel: f"cutout{channel.title()}" for channel in CHANNELS},
    pixel_scale=0.2,
    projection="TAN",
    facts=("diaSource",),
    hidden=frozenset({"reliability", "ssObjectId", "diaObjectId"}),
    known_object="ssSource.designation|diaSource.ssObjectId",
    history=("prvDiaSources", "prvDiaForcedSources"),
    sentinels=("",),
)

# Alert packets of the Asteroid Terrestrial-impact Last Alert System (ATLAS), as its brokers get them. Tonry et al.
# 2018, PASP 130, 064505; schema 0.1 in github.com/alercebroker/atlas_realtime. The time is the middle of the exposure
# (MJD-OBS of the cutouts and half their EXPTIME), pixels are 1.86 arcsec, stamps 61×61 with a WCS. ATLAS sends no
# template. The fields P.. are its classifier's, in thousandths: Pkn is a known asteroid, Pmv a mover.
ATLAS = PacketMap(
    survey="ATLAS",
    marks=("candid", "objectId", "candidate.mjd", "candidate.RA", "candidate.Dec"),
    external_id="candid",
    object_group="objectId",
    ra="candidate.RA",
    dec="candidate.Dec",
    time="candidate.mjd",
    exposure=30.0,
    band="candidate.filter",
    mag="candidate.Mag",
    mag_error="candidate.Dmag",
    flux="candidate.flux",
    flux_error="candidate.Dflux",
    zero_point=23.9,
    cutouts={"difference": "cutoutDifference.stampData", "science": "cutoutScience.stampData"},
    pixel_scale=1.86,
    hidden=frozenset({"rb", "Det", "Pvr", "Ptr", "Pmv", "Pkn", "Pno", "Pbn", "Pcr", "Pxt", "Psc"}),
)

# Alert packets of the Dark Energy Camera (DECam), as its DESIRT survey sends them. Example: github.com/boom-astro/boom.
# The time is that of the exposure's start, with no exposure time; fluxes are nanojansky, pixels 0.26 arcsec, stamps
# 63×63.
DECAM = PacketMap(
    survey="DECam",
    marks=("candid", "objectId", "candidate.mjd", "candidate.band", "candidate.forcediffimflux"),
    external_id="candid",
    object_group="objectId",
    ra="candidate.ra",
    dec="candidate.dec",
    time="candidate.mjd",
    is_start=True,
    band="candidate.band",
    mag="candidate.forcediffimmag",
    mag_error="candidate.forcediffimmagunc",
    flux="candidate.psfFlux",
    flux_error="candidate.psfFluxErr",
    limit="candidate.diffmaglim",
    cutouts={channel: f"cutout{channel.title()}" for channel in CHANNELS},
    pixel_scale=0.26,
    hidden=frozenset({"reliability"}),
    history=("fp_hists",),
)

# Alert packets of Palomar's infrared surveys, WINTER and Gattini-IR (PGIR), and of TURBO, all shaped like ZTF's.
# Schemas: github.com/winter-telescope/mirar; examples of all three: github.com/skyportal/kowalski. Cutouts are bare
# bytes of gzipped FITS without WCS. Old packets of WINTER state another camera's filters (0 = Y); its pipeline writes 1
# = Y.
_SHAPED_LIKE_ZTF = replace(ZTF, side=None, edges=None, pixel_scale=None, exposure=None)

WINTER = replace(
    _SHAPED_LIKE_ZTF,
    survey="WINTER",
    marks=("objectid", "candidate.jd", "candidate.fid", "cutout_science"),
    object_group="objectid",
    bands={1: "Y", 2: "J", 3: "Hs"},
    cutouts={channel: f"cutout_{channel}" for channel in CHANNELS},
    pixel_scale=1.11,
)
"""Frostig et al. 2024: 81×81 pixels of 1.11 arcsec, 120 s."""

PGIR = replace(
    _SHAPED_LIKE_ZTF,
    survey="PGIR",
    marks=("objectId", "candidate.jd", "candidate.stackquadid"),
    band="",
    bands={None: "J"},
    cutouts={channel: f"cutout{channel.title()}" for channel in CHANNELS},
    pixel_scale=4.35,
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

# Alerts as ALeRCE rewrites those of ZTF and ATLAS into one form (its multi-survey stream). Schema:
# schemas/sorting_hat_step/output.avsc in github.com/alercebroker/pipeline. The time is the survey's own: the start of
# the exposure for ZTF. Everything else that the survey said is in `extra_fields`.
ALERCE = PacketMap(
    survey="ALeRCE",
    marks=("oid", "candid", "mjd", "fid", "stamps"),
    external_id="candid",
    object_group="oid",
    ra="ra",
    dec="dec",
    time="mjd",
    is_start=True,
    exptime="extra_fields.exptime",
    exposure=30.0,
    band="fid",
    mag="mag",
    mag_error="e_mag",
    cutouts={channel: f"stamps.{channel}" for channel in CHANNELS},
    facts=("extra_fields",),
    hidden=ZTF.hidden | ATLAS.hidden,
    known_object="extra_fields.ssnamenr",
    known_distance="extra_fields.ssdistnr",
    sentinels=ZTF.sentinels,
)


# Tables of ZTF alerts as Fink's API and data transfer write them, with columns such as ``i:ra`` or ``ra``. ``i:`` marks
# the survey's values, ``d:`` Fink's own classes and scores, ``b:`` the cutouts: FITS, or rows of numbers. Fink's
# Parquet with nested columns has the fields of the packets themselves.
def _either(name: str) -> str:
    return f"i:{name}|{name}"


FINK_API = replace(
    ZTF,
    survey="Fink",
    marks=("i:candid", "i:jd", "i:fid"),
    external_id=_either("candid"),
    object_group=_either("objectId"),
    ra=_either("ra"),
    dec=_either("dec"),
    time=_either("jd"),
    exptime=_either("exptime"),
    band=_either("fid"),
    mag=_either("magpsf"),
    mag_error=_either("sigmapsf"),
    known_object=_either("ssnamenr"),
    known_distance=_either("ssdistnr"),
    cutouts={name: f"b:cutout{name.title()}_stampData|cutout{name.title()}_stampData" for name in CHANNELS},
    edges=((_either("xpos"), 3072.0), (_either("ypos"), 3080.0)),
    facts=(),
    history=(),
    hidden=ZTF.hidden | {f"i:{name}" for name in ZTF.hidden},
    hidden_prefixes=("d:", "v:", "e:"),
)
FLAT = replace(FINK_API, survey="Lasair", marks=("candid", "jd", "fid", "magpsf"))

SURVEYS = (RUBIN, ATLAS, DECAM, WINTER, PGIR, TURBO, ALERCE, ZTF, FINK_API, FLAT)
"""Tried in this order: several have all of ZTF's fields and more."""


def recognise(names: Collection[str], given: PacketMap | None = None) -> PacketMap:
    """Return the map of packets with these fields.

    Raises BadInput: no known survey's packets have these fields.

    Parameters
    ----------
    names
        Fields of the packets, and of the records in them: ``candidate.ra``.
    given
        A map that the user wrote, which counts before the known ones.
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
