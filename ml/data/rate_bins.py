"""Rate bins: an object's rate of motion as an ordinal class (Lieu et al. 2019, section 4.7)."""

import math
from collections.abc import Sequence
from itertools import pairwise

from ml.data.dataset import BadExamples


def parse_edges(words: str) -> tuple[float, ...]:
    """Return bin edges in arcsec/h from "10,20,30".

    Raises BadExamples if they are not ascending numbers, or fewer than three (two bins).
    """
    try:
        edges = tuple(float(word) for word in words.split(","))
    except ValueError:
        edges = ()
    if len(edges) < 3 or any(b <= a for a, b in pairwise(edges)) or not math.isfinite(edges[-1]):
        raise BadExamples(
            f"--velocity-bins are three or more rising rates in arcsec/h, such as 10,20,40,80, not {words}."
        )
    return edges


def bin_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Return the classes, such as "10–20"."""
    return tuple(f"{a:g}–{b:g}" for a, b in pairwise(edges))


def bin_of(rate: float, edges: Sequence[float]) -> str:
    """Return the class of a rate (arcsec/h); "" if it is NaN or outside. An edge belongs to the bin above it."""
    if not edges[0] <= rate <= edges[-1]:
        return ""
    names = bin_names(edges)
    return names[min(sum(rate >= edge for edge in edges[1:]), len(names) - 1)]
