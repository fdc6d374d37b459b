"""Limits on Avro packets, checked before any value is unpacked.

An Avro value may take no bytes (null, an empty record), so an array of a hundred bytes may claim 2^28 of them; a record
that contains itself nests as deep as its bytes reach, past the decoder's stack. Without either in the schema, a packet
has at most a few values per byte, and the size of a block bounds its memory.
"""

from typing import Any

from ml.io.limits import MAX_BLOCK_BYTES, size_in_words
from ml.io.records import BadInput

_DEEPEST = 5
"""Maximum depth of records: a packet, its candidates or stamps, and what brokers add (Fink: features by band)."""

_CONTAINERS = {"array": "items", "map": "values"}
_BARE = {"boolean", "int", "long", "float", "double", "bytes", "string"}


def check_schema(schema: Any) -> None:
    """Refuse a schema, as parsed by fastavro, that allows far more values than bytes.

    Raises BadInput: not records, or a value of no bytes, a record within itself or too many within each other.
    """
    if not isinstance(schema, dict) or _kind(schema) != "record":
        raise BadInput("holds no records, and so no alert packets. Check that it is the right file.")
    _records_within(schema, {})


def check_block(nbytes: int) -> None:
    """Refuse a block of packets larger than a hundred would need."""
    if nbytes > MAX_BLOCK_BYTES:
        raise BadInput(
            "holds a block of %(size)s; %(most)s are allowed. Write its packets in smaller blocks, or "
            "each to its own file.",
            size=size_in_words(nbytes),
            most=size_in_words(MAX_BLOCK_BYTES),
        )


def _records_within(schema: Any, known: dict[str, int | None]) -> int:
    """Return how deeply records nest in a value of `schema`, which takes at least a byte.

    `known` has the depth of named types met so far, None while one is being visited.
    """
    if isinstance(schema, list):
        return max((_records_within(branch, known) for branch in schema if _kind(branch) != "null"), default=0)
    kind = _kind(schema)
    if kind in known:
        return _met(known[kind])
    if not isinstance(schema, dict):
        return _bare(kind)
    if kind in _CONTAINERS:
        return _records_within(schema[_CONTAINERS[kind]], known)
    if kind in ("record", "error"):
        return _record(schema, known)
    if kind == "fixed" and not schema["size"]:
        raise _refused("values of no bytes")
    if kind in ("fixed", "enum"):
        known[schema["name"]] = 0
        return 0
    return _bare(kind)


def _record(schema: dict[str, Any], known: dict[str, int | None]) -> int:
    if not schema["fields"]:
        raise _refused("values of no bytes")
    known[schema["name"]] = None
    depth = 1 + max(_records_within(field["type"], known) for field in schema["fields"])
    if depth > _DEEPEST:
        raise _refused(f"more than {_DEEPEST} records within each other")
    known[schema["name"]] = depth
    return depth


def _met(depth: int | None) -> int:
    if depth is None:
        raise _refused("a record within itself")
    return depth


def _bare(kind: str) -> int:
    if kind not in _BARE:
        raise _refused("values of no bytes" if kind == "null" else "a type that Avro does not know")
    return 0


def _kind(schema: Any) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _refused(what: str) -> BadInput:
    return BadInput("has a schema with %(what)s, which no alert packet needs; it was not opened further.", what=what)
