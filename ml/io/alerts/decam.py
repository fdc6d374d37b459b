"""Alert packets of the Dark Energy Camera (DECam), as its DESIRT survey sends them.

Example: github.com/boom-astro/boom. The time is that of the exposure's start, with no exposure time; fluxes are
nanojansky, pixels 0.26 arcsec, stamps 63×63.
"""

from ml.io.alerts.packet_map import CHANNELS, PacketMap

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
    hidden=frozenset({"reliability"}),
    history=("fp_hists",),
)
