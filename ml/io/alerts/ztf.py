"""Alert packets of the Zwicky Transient Facility (ZTF), from its archive and brokers.

Masci et al. 2019, PASP 131, 018003; schema 4.02 in github.com/ZwickyTransientFacility/ztf-avro-alert. Pixels are 1.01
arcsec; stamps have 63×63 of them with the source in the centre, clipped at the edges of a readout quadrant.
"""

from ml.io.alerts.packet_map import CHANNELS, PacketMap

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
    hidden=SURVEY_SCORES | KNOWN_OBJECTS,
    known_object="candidate.ssnamenr",
    known_distance="candidate.ssdistnr",
    history=("prv_candidates", "fp_hists"),
    sentinels=(-999, "null", ""),
)
