"""The validation side of a set of objects: by the hashes of their names, so that it stays when objects are added."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRACTION = 0.2
"""The usual fraction of objects that are held out."""

TRAIN_ONLY = "stopgaps"
"""Under this key, a manifest lists the groups that are in training only for want of others."""


@dataclass(frozen=True)
class HeldOut:
    """Which rows (N,) are held out, and the groups that are in training only for want of others of their kind."""

    rows: NDArray[np.bool_]
    train_only: tuple[str, ...]


def held_out(groups: NDArray[Any], kinds: NDArray[Any], fraction: float, train_only: Sequence[str] = ()) -> HeldOut:
    """Hold out the groups whose names have a hash in the lowest `fraction` of all hashes, and the lowest of each kind.

    One group of each kind must be trained on whatever its hash: the only one, or that with the highest. No rule that
    sees only the groups of today can keep such a group from validation once there are others, since each may have
    been the only one. So they are returned, and not held out where they are passed to a later call: then no group
    that was trained on is ever held out when others are added.

    Parameters
    ----------
    groups, kinds
        (N,) each; a group's kind is that of its first row.
    fraction
        0..0.5.
    train_only
        Those of the networks that this one continues from. Of a kind with no other group, none is held out.
    """
    names, first, inverse = np.unique(np.asarray(groups).astype(str), return_index=True, return_inverse=True)
    place = places(names.tolist())
    kind, spared, held = np.asarray(kinds)[first], np.isin(names, list(train_only)), np.zeros(len(names), dtype=bool)
    for each in np.unique(kind):
        members = np.flatnonzero(kind == each)
        members = members[np.lexsort((place[members], spared[members]))]
        due = place[members] < fraction
        due[0] = True
        held[members] = due & ~spared[members]
        held[members[-1]] = False
        spared[members] |= due & ~held[members]
    return HeldOut(held[inverse.ravel()], tuple(sorted({*train_only, *names[spared].tolist()})))


def places(names: Sequence[str]) -> NDArray[np.float64]:
    """Return the hash of each name as a number (N,) from 0 to 1, the same on every machine."""
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names]
    return np.array([int.from_bytes(digest) / 2**64 for digest in digests])
