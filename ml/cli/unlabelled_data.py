"""Unlabelled stamps of a manifest, for semi-supervised training."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.subject_slabs import Tally, slabs
from ml.data.dataset import BadExamples, Examples
from ml.data.held_out import places
from ml.data.unlabelled import MOST_SUBJECTS, Unlabelled

SPARE = 2048  # subjects beyond the most, before those with the highest hashes are forgotten

Kept = dict[str, tuple[str, NDArray[Any]]]
"""Object and pixels (F, C, H, W) by name."""
Shapes = Counter[tuple[int, ...]]
"""Subjects by shape."""


@dataclass(frozen=True)
class Stamps:
    """Pixels (N, F, C, H, W) of one shape, indexed by an array of ints, as they were read."""

    stamps: list[NDArray[Any]]

    def __getitem__(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        return np.stack([self.stamps[row] for row in rows])


def unlabelled_from(path: Path, examples: Examples, tally: Tally) -> Unlabelled:
    """Read the subjects of a manifest that are shaped as the examples are; labels are not read.

    `MOST_SUBJECTS` are kept, those whose names have the lowest hashes. Others are counted in the tally.

    Raises BadExamples if there are none.
    """
    shape = np.asarray(examples.pixels[:1]).shape[1:]
    kept: Kept = {}
    others: Shapes = Counter()
    for slab in slabs(path, tally, labelled=False):
        if (found := slab.pixels.shape[1:]) != shape:
            others[found] += len(slab.ids)
            continue
        each = zip(slab.ids, slab.groups, slab.pixels, strict=True)
        kept |= {name: (group, pixels.copy()) for name, group, pixels in each}
        if len(kept) > MOST_SUBJECTS + SPARE:
            kept = _lowest(kept)
    if not kept:
        raise _nothing(path, shape, others)
    tally.skipped += others.total()
    return _unlabelled(_lowest(kept))


def _lowest(kept: Kept) -> Kept:
    names = list(kept)
    return {names[at]: kept[names[at]] for at in np.argsort(places(names))[:MOST_SUBJECTS]}


def _unlabelled(kept: Kept) -> Unlabelled:
    groups, stamps = zip(*kept.values(), strict=True)
    return Unlabelled(np.array(list(kept)), np.array(groups), Stamps(list(stamps)))


def _nothing(path: Path, shape: tuple[int, ...], others: Shapes) -> BadExamples:
    if not others:
        return BadExamples(f"There is no subject with pixels in {path}. Name a manifest of unlabelled stamps.")
    found = "; ".join(f"{other} of {n}" for other, n in sorted(others.items()))
    return BadExamples(
        f"The unlabelled subjects have shape (frames, channels, height, width) {found}, but the labelled ones {shape}."
        " FixMatch needs both alike."
    )
