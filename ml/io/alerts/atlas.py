"""Alert packets of the Asteroid Terrestrial-impact Last Alert System (ATLAS), as its brokers get them.

Tonry et al. 2018, PASP 130, 064505; schema 0.1 in github.com/alercebroker/atlas_realtime. The time is the middle of the
exposure (MJD-OBS of the cutouts and half their EXPTIME), pixels are 1.86 arcsec, stamps 61×61 with a WCS. ATLAS sends
no template. The fields P.. are its classifier's, in thousandths: Pkn is a known asteroid, Pmv a mover.
"""

from ml.io.alerts.packet_map import PacketMap

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
    hidden=frozenset({"rb", "Det", "Pvr", "Ptr", "Pmv", "Pkn", "Pno", "Pbn", "Pcr", "Pxt", "Psc"}),
)
