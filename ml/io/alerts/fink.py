"""Tables of ZTF alerts as Fink's API and data transfer write them, with columns such as ``i:ra`` or ``ra``.

``i:`` marks the survey's values, ``d:`` Fink's own classes and scores, ``b:`` the cutouts: FITS, or rows of numbers.
Fink's Parquet with nested columns has the fields of the packets themselves.
"""

from dataclasses import replace

from ml.io.alerts.packet_map import CHANNELS
from ml.io.alerts.ztf import ZTF


def _either(name: str) -> str:
    return f"i:{name}|{name}" if name else ""


_PLAIN = {"external_id": "candid", "object_group": "objectId", "ra": "ra", "dec": "dec", "time": "jd", "band": "fid"}
_PLAIN |= {"exptime": "exptime", "mag": "magpsf", "mag_error": "sigmapsf"}
_PLAIN |= {"known_object": "ssnamenr", "known_distance": "ssdistnr"}
_FIELDS = {field: _either(name) for field, name in _PLAIN.items()}
_CUTOUTS = {f"{c}": f"b:cutout{c.title()}_stampData|cutout{c.title()}_stampData" for c in CHANNELS}
_COMMON = {"cutouts": _CUTOUTS, "facts": (), "history": (), "edges": (("i:xpos|xpos", 3072.0), ("i:ypos|ypos", 3080.0))}

FINK_API = replace(
    ZTF,
    survey="Fink",
    marks=("i:candid", "i:jd", "i:fid"),
    hidden=frozenset(f"i:{name}" for name in ZTF.hidden),
    hidden_prefixes=("d:", "v:", "e:"),
    **_FIELDS,
    **_COMMON,
)
FLAT = replace(ZTF, survey="Fink or Lasair", marks=("candid", "jd", "fid", "magpsf"), **_FIELDS, **_COMMON)
