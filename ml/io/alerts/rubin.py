"""Alert packets of the Vera C. Rubin Observatory (LSST), schemas 3 to 11, and of its simulations (ELAsTiCC).

github.com/lsst/alert_packet; DMTN-093. Times are TAI in the middle of the visit, fluxes nanojansky, pixels 0.2 arcsec.
Cutouts are FITS, plain or from CCDData with variance, mask and PSF planes, which are left out; their WCS is linear in
the tangent plane and names no projection. The science cutout exists from schema 7 on; the identifiers are 0 for none.
"""

from ml.io.alerts.packet_map import CHANNELS, PacketMap

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
    projection="TAN",
    facts=("diaSource",),
    hidden=frozenset({"reliability", "ssObjectId", "diaObjectId"}),
    known_object="ssSource.designation|diaSource.ssObjectId",
    history=("prvDiaSources", "prvDiaForcedSources"),
    sentinels=("",),
)
