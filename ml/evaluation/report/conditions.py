"""Charts of completeness by magnitude, rate and S/N, over their planes, and of missed objects."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.completeness import PLANES, Search
from ml.evaluation.metrics.binned_completeness import WIDE, Bins
from ml.evaluation.observing_conditions import QUANTITIES
from ml.evaluation.report.chart import ROWS, Chart, Grid, Series, plain

LABELS = {"mag": "magnitude", "rate": "rate (arcsec/h)", "snr": "S/N"}
WORDS = {"mag": "magnitude", "rate": "rate", "snr": "S/N"}


@dataclass(frozen=True)
class Wording:
    """The words that a report uses for its objects.

    Attributes
    ----------
    objects
        The objects, in the plural: "real subjects".
    found
        How found ones are described: "called real at a threshold of 0.5".
    score
        Name of the column of scores.
    """

    objects: str
    found: str
    score: str


def conditions(search: Search, words: Wording) -> list[Chart | Grid]:
    """Return the charts of known quantities."""
    charts: list[Chart | Grid] = []
    for name in QUANTITIES:
        bins = search.by_quantity(name)
        if bins is not None:
            charts.append(completeness(bins, name, words))
    for x, y in PLANES:
        bins = search.by_plane(x, y)
        if bins is not None:
            charts.append(plane(bins, x, y, words))
    return [*charts, *missed(search, words)]


def completeness(bins: Bins, name: str, words: Wording) -> Chart:
    """Return completeness in bins of one quantity: "mag", "rate" or "snr"."""
    edges = bins.edges[0]
    low, high = bins.interval
    is_log = _wide(edges)
    middles = np.sqrt(edges[1:] * edges[:-1]) if is_log else (edges[1:] + edges[:-1]) / 2
    columns = {
        "from": edges[:-1], "to": edges[1:], "real": bins.n, "found": bins.hits, "missed": bins.n - bins.hits,
        "completeness": bins.proportion, "low": low, "high": high,
    }  # fmt: skip
    return Chart(
        f"completeness-{name}",
        f"Completeness by {WORDS[name]}",
        f"The fraction of {words.objects} that is {words.found}; whiskers are 95 % (Jeffreys). What is missing to 1 are"
        f" the false negatives.{_outside(bins, words)}",
        LABELS[name],
        "completeness",
        (Series("completeness", middles, bins.proportion, low, high, kind="points"),),
        columns,
        x_log=is_log,
    )


def plane(bins: Bins, x: str, y: str, words: Wording) -> Grid:
    """Return completeness over two quantities; rows run from large to small y."""
    fractions, n, hits = (values.T[::-1] for values in (bins.proportion, bins.n, bins.hits))
    (x_edges, y_edges), (low, high) = bins.edges, bins.interval
    rows, columns = bins.n.shape
    first, second = (axis.ravel() for axis in np.mgrid[:rows, :columns])
    return Grid(
        f"completeness-{x}-{y}",
        f"Completeness by {WORDS[x]} and {WORDS[y]}",
        f"Found of how many {words.objects} in each cell, shaded by the fraction.{_outside(bins, words)}",
        LABELS[x],
        LABELS[y],
        _names(x_edges),
        _names(y_edges)[::-1],
        fractions,
        [
            [f"{hit}/{count}" if count else "" for hit, count in zip(*pair, strict=True)]
            for pair in zip(hits, n, strict=True)
        ],
        {
            f"{x} from": x_edges[first], f"{x} to": x_edges[first + 1], f"{y} from": y_edges[second],
            f"{y} to": y_edges[second + 1], "real": bins.n.ravel(), "found": bins.hits.ravel(),
            "completeness": bins.proportion.ravel(), "low": low.ravel(), "high": high.ravel(),
        },
    )  # fmt: skip


def missed(search: Search, words: Wording) -> list[Chart]:
    """Return missed objects, magnitude against rate; nothing if no object has both."""
    mag, rate = search.conditions.mag, search.conditions.rate
    known = np.isfinite(mag) & np.isfinite(rate)
    if not known.any():
        return []
    found, score = search.found[known], search.score[known]
    mag, rate = mag[known], rate[known]
    order = np.argsort(np.nan_to_num(score, nan=-np.inf), kind="stable")
    columns = {
        "mag": mag[order],
        "rate": rate[order],
        words.score: score[order],
        "missed": np.where(found[order], "no", "yes"),
    }
    return [
        Chart(
            "false-negatives",
            "False negatives by magnitude and rate",
            f"All {words.objects} whose magnitude and rate are known, and those that are missed: {(~found).sum()} of"
            f" {len(found)}. Clusters show the model's blind spots. The table starts with the lowest scores.",
            LABELS["mag"],
            LABELS["rate"],
            (
                Series("found", mag[found], rate[found], kind="dots", colour=2),
                Series("missed", mag[~found], rate[~found], kind="points", colour=1),
            ),
            columns,
            y_log=bool(_wide(np.array([rate.min(), rate.max()]))),
            y_span=None,
            table_rows=range(min(len(order), ROWS)),
        )
    ]


def _wide(edges: NDArray[np.float64]) -> bool:
    return bool(edges[0] > 0 and edges[-1] / edges[0] >= WIDE)


def _names(edges: NDArray[np.float64]) -> list[str]:
    return [f"{plain(low)}–{plain(high)}" for low, high in pairwise(edges.tolist())]


def _outside(bins: Bins, words: Wording) -> str:
    return f" {bins.outside} {words.objects} are left out, since the data do not say theirs." if bins.outside else ""
