"""Tables of ZTF alerts as Fink's API and data transfer write them, with columns such as ``i:ra`` or ``ra``.

``i:`` marks the survey's values, ``d:`` Fink's own classes and scores, ``b:`` the cutouts: FITS, or rows of numbers.
Fink's Parquet with nested columns has the fields of the packets themselves.
"""

from dataclasses import replace

from ml.io.alerts.packet_map import CHANNELS
from ml.io.alerts.ztf import ZTF


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
