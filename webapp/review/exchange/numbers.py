"""Whole numbers for classifications, whose own ids are UUIDs: the formats of others count."""

from hashlib import blake2b
from uuid import UUID


def classification_number(pk: UUID) -> int:
    """Return 63 bits that belong to this id on every site.

    Two of a million ids share them with a chance of one in ten million.
    """
    return int.from_bytes(blake2b(pk.bytes, digest_size=8).digest(), "big") >> 1
