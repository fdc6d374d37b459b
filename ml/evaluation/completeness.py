"""Completeness of a search: all objects, the found ones, and their observing conditions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binned_completeness import Bins, bin_edges, completeness_by, completeness_plane
from ml.evaluation.observing_conditions import QUANTITIES, Conditions

PLANES = (("mag", "rate"), ("snr", "rate"))


@dataclass(frozen=True)
class Search:
    """N real objects: subjects, movers in cubes, trails in images.

    Attributes
    ----------
    found
        (N,) bool.
    score
        (N,) score of each object, found or not; NaN without a detection.
    conditions
        Observing conditions of the N.
    """

    found: NDArray[np.bool_]
    score: NDArray[np.float64]
    conditions: Conditions

    def by_quantity(self, name: str) -> Bins | None:
        """Return completeness by "mag", "rate" or "snr"; None without any values."""
        values = self.conditions.values(name)
        return completeness_by(values, self.found, bin_edges(values)) if _known(values) else None

    def by_plane(self, x: str, y: str) -> Bins | None:
        """Return completeness over the plane of two quantities; None if nothing has both."""
        ours, theirs = self.conditions.values(x), self.conditions.values(y)
        if not _known(ours + theirs):
            return None
        edges = bin_edges(ours, 6), bin_edges(theirs, 6)
        return completeness_plane(ours, theirs, self.found, *edges)

    def completeness(self) -> dict[str, Any]:
        """Return completeness by all known quantities, ready for JSON; unknown ones are absent.

        Returns
        -------
        For "mag", "rate" and "snr": edges, n, hits, share, low, high (Jeffreys, 95 %), and outside (number without a
        known value); for the planes "mag by rate" and "snr by rate": the same in two dimensions.
        """
        bins = {name: self.by_quantity(name) for name in QUANTITIES}
        planes = {f"{x} by {y}": self.by_plane(x, y) for x, y in PLANES}
        return {name: _as_json(found) for name, found in (bins | planes).items() if found is not None}

    def missing_quantities(self) -> list[str]:
        """Return a warning for each quantity that is missing from `#objects`: what is left out, and the remedy."""
        return [
            f"No object has a `{name}`, so there is no completeness by it. Add `{name}` to #objects."
            for name in QUANTITIES
            if not _known(self.conditions.values(name))
        ]


def _known(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).any())


def _as_json(bins: Bins) -> dict[str, Any]:
    low, high = bins.interval
    arrays = {"n": bins.n, "hits": bins.hits, "share": bins.proportion, "low": low, "high": high}
    return {
        "edges": [edges.tolist() for edges in bins.edges],
        **{name: values.tolist() for name, values in arrays.items()},
        "outside": bins.outside,
    }
