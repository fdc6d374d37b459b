"""Unlabelled subjects, which semi-supervised training learns from beside the labelled ones."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.held_out import FRACTION, places

MOST_SUBJECTS = 20_000


@dataclass(frozen=True)
class Unlabelled:
    """Unlabelled subjects of one shape.

    Parameters
    ----------
    names, groups
        (N,) str, of the subjects and of their objects.
    pixels
        (N, F, C, H, W), anything that an array of ints can index. NaN counts as sky.
    """

    names: NDArray[Any]
    groups: NDArray[Any]
    pixels: Any

    def __len__(self) -> int:
        return len(self.names)

    def learnable(self, judges: Collection[str]) -> NDArray[np.intp]:
        """Return the rows to learn from, `MOST_SUBJECTS` at most, each name once, in the order of the names' hashes.

        So neither the order of the rows nor what else there is decides which of two subjects comes first. Objects in
        `judges` are left out, and so are those that would be held out if they were labelled (`ml.data.held_out`), since
        a later model that continues from this one may be validated on them.
        """
        names, first = np.unique(self.names.astype(str), return_index=True)
        rows = first[np.argsort(places(names.tolist()), kind="stable")]
        groups = self.groups[rows].astype(str)
        is_held_out = np.isin(groups, list(judges)) | (places(groups.tolist()) < FRACTION)
        return rows[~is_held_out][:MOST_SUBJECTS]
