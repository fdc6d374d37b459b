"""Alerts as ALeRCE rewrites those of ZTF and ATLAS into one form (its multi-survey stream).

Schema: schemas/sorting_hat_step/output.avsc in github.com/alercebroker/pipeline. The time is the survey's own: the
start of the exposure for ZTF. Everything else that the survey said is in `extra_fields`.
"""

from ml.io.alerts.atlas import ATLAS
from ml.io.alerts.packet_map import CHANNELS, PacketMap
from ml.io.alerts.ztf import ZTF

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
