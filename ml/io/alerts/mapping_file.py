"""A mapping file: YAML that says what the fields of an unknown survey's packets mean (docs/ingest.md)."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from ml.io.alerts.packet_map import PacketMap
from ml.io.limits import decoding
from ml.io.message import Message
from ml.io.plain_yaml import YamlHasAliases, read_plain_yaml
from ml.io.records import BadInput
from ml.io.times import is_time_scale

MAPPING = "packets.yaml"
"""Name of the file, in the folder of the packets."""

_LONGEST = 2**16  # bytes
_KNOWN = {each.name: each for each in fields(PacketMap)}
_NEEDED = [name for name, each in _KNOWN.items() if each.default is MISSING and each.default_factory is MISSING]
_TABLES = {"cutouts", "bands"}
_LISTS = {"marks", "facts", "history", "sentinels", "hidden", "hidden_prefixes", "afterwards"}
_NUMBERS = {"exposure", "zero_point", "side", "pixel_scale", "known_within"}
_TRUTHS = {"is_julian", "is_start"}


def read_mapping(path: Path) -> PacketMap:
    """Read a mapping file.

    Returns
    -------
    PacketMap
        Packets with the field of the identifier and all its cutouts are this survey's, unless `marks` says otherwise.

    Raises BadInput: it is too long or no YAML, names something unknown, or leaves out something needed.
    """
    with path.open("rb") as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise BadInput("is longer than %(most)s bytes. A mapping needs some twenty lines.", most=_LONGEST)
    with decoding(Message("is no YAML")):
        try:
            found = read_plain_yaml(text)
        except YamlHasAliases as error:
            raise BadInput("has YAML aliases, which a mapping does without. Write out what they stand for.") from error
    if not isinstance(found, dict):
        raise BadInput("must be lines such as “ra: candidate.ra”.")
    if unknown := [str(name) for name in found if name not in _KNOWN or name == "edges"]:
        raise BadInput(
            "names `%(name)s`, which has no meaning. Known are %(known)s.",
            name=unknown[0][:40],
            known=", ".join(name for name in _KNOWN if name != "edges"),
        )
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise BadInput("says nothing about `%(name)s`. Add it.", name=missing[0])
    where = PacketMap(**{"facts": ()} | {name: _checked(name, value) for name, value in found.items()})
    if not is_time_scale(where.scale):
        raise BadInput("`scale` is “%(value)s”, which is not a known time scale.", value=where.scale)
    return where


def _checked(name: str, value: Any) -> Any:
    if name in _TABLES and isinstance(value, dict) and all(map(_is_plain, [*value, *value.values()])):
        return {key: str(one) for key, one in value.items()}
    if name in _LISTS and isinstance(value, list) and all(map(_is_plain, value)):
        return frozenset(map(str, value)) if name in ("hidden", "afterwards") else tuple(value)
    if name in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return int(value) if name == "side" else float(value)
    if name in _TRUTHS and isinstance(value, bool):
        return value
    if name not in _TABLES | _LISTS | _NUMBERS | _TRUTHS and isinstance(value, str):
        return value
    raise BadInput("`%(name)s` cannot be “%(value)s”.", name=name, value=str(value)[:40])


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)
