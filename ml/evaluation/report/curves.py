"""Charts of ROC, precision and recall, purity and completeness, and rejection, with bands by object."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.bootstrap import band, bootstrap
from ml.evaluation.metrics.operating import (
    ABUNDANCES,
    at_completeness,
    at_false_positive_rate,
    purity_at_completeness,
    surest_purity,
)
from ml.evaluation.metrics.ranking import Ranking, rank
from ml.evaluation.report.chart import Chart, Series
from ml.evaluation.stratified import ScoredSubjects

GRID = np.unique(np.r_[np.linspace(0.01, 1, 100), 0.001, 0.002, 0.005, 0.995, 0.996, 0.998])
RATES = np.unique(np.r_[0, GRID])
DRAWS = 200  # a band needs fewer samples than a quoted interval
Curves = dict[str, NDArray[np.float64]]
Bands = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
KEPT = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.996, 1)  # rows that the page shows
LET_THROUGH = (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


def curves(answers: ScoredSubjects, seed: int) -> list[Chart]:
    """Return the curves of real against bogus; needs both."""
    whole = {name: values[0] for name, values in _sampled(rank(answers.real, answers.p_real)).items()}
    drawn = bootstrap(
        lambda weights: _sampled(rank(answers.real, answers.p_real, weights)), answers.groups, DRAWS, seed
    )
    bands = {name: band(values) for name, values in drawn.items()}
    return [_roc(whole, bands), _precision(whole, bands), *_purity(whole, bands, answers), _rejected(whole, bands)]


def _sampled(ranking: Ranking) -> Curves:
    at = at_completeness(ranking, GRID)
    roc = np.take_along_axis(ranking.completeness, at_false_positive_rate(ranking, RATES), 1)
    found = {
        "roc": np.where(ranking.false_positive_rate[:, :1] > RATES, 0, roc),
        "precision": np.take_along_axis(ranking.precision, at, 1),
        "rejected": 1 - np.take_along_axis(ranking.false_positive_rate, at, 1),
        "cut": 1 - np.take_along_axis(ranking.hits + ranking.false, at, 1) / (ranking.real + ranking.bogus)[:, None],
    }
    return found | {f"{ab:g}": purity_at_completeness(ranking, GRID, ab) for ab in ABUNDANCES}


def _line(name: str, curve: str, x: NDArray[np.float64], whole: Curves, bands: Bands) -> Series:
    return Series(name, x, whole[curve], *bands[curve])


def _roc(whole: Curves, bands: Bands) -> Chart:
    chance = Series("chance level", np.array([0, 1]), np.array([0, 1]), dash=1, colour=5)
    return Chart(
        "roc",
        "ROC",
        "Real subjects kept against bogus ones accepted, as the threshold falls. The band is a 95 % bootstrap interval"
        " over objects.",
        "false positive rate",
        "true positive rate",
        (_line("model", "roc", RATES, whole, bands), chance),
        _columns("FPR", RATES, {"TPR": "roc"}, whole, bands),
        x_span=(0, 1),
        table_rows=_rows(RATES, LET_THROUGH),
    )


def _precision(whole: Curves, bands: Bands) -> Chart:
    return Chart(
        "precision-recall",
        "Precision and recall",
        "Fraction of positives that are real, at each completeness, for the data's own ratio of real to bogus.",
        "recall (completeness)",
        "precision",
        (_line("model", "precision", GRID, whole, bands),),
        _columns("recall", GRID, {"precision": "precision"}, whole, bands),
        x_span=(0, 1),
        table_rows=_rows(GRID, KEPT),
    )


def _purity(whole: Curves, bands: Bands, answers: ScoredSubjects) -> list[Chart]:
    ranking, bogus = rank(answers.real, answers.p_real), int((~answers.real).sum())
    charts = []
    for abundance in ABUNDANCES:
        name = f"{abundance:g}"
        supported = surest_purity(ranking, GRID, abundance)[0]
        columns = _columns("completeness", GRID, {"purity": name}, whole, bands) | {"supported": supported}
        lines = _line("measured", name, GRID, whole, bands), Series("supported", GRID, supported, dash=1, colour=5)
        charts.append(
            Chart(
                f"purity-{name}",
                f"Purity and completeness at an abundance of {name}",
                "Fraction of movers among positives, on a sky where"
                f" {'half of all objects are' if abundance == 0.5 else f'one object in {1 / abundance:,.0f} is'} a"
                f" mover. The dashed line is what {bogus} bogus subjects support: the false positive rate at the upper"
                " end of its interval.",
                "completeness",
                "purity",
                lines,
                columns,
                x_span=(0, 1),
                table_rows=_rows(GRID, KEPT),
            )
        )
    return charts


def _rejected(whole: Curves, bands: Bands) -> Chart:
    pairs = {"rejected": "rejected", "cut": "cut"}
    lines = (
        _line("bogus rejected", "rejected", GRID, whole, bands),
        Series("workload cut", GRID, whole["cut"], bands["cut"][0], bands["cut"][1], dash=1),
    )
    return Chart(
        "rejected",
        "Rejection at each completeness",
        "Fraction of bogus, and of all subjects, below the threshold that keeps a given fraction of the real ones.",
        "completeness",
        "fraction",
        lines,
        _columns("completeness", GRID, pairs, whole, bands),
        x_span=(0.5, 1),
        table_rows=_rows(GRID, KEPT),
    )


def _rows(grid: NDArray[np.float64], wanted: Sequence[float]) -> list[int]:
    return [int(np.abs(grid - value).argmin()) for value in wanted]


def _columns(
    x_name: str, x: NDArray[np.float64], names: dict[str, str], whole: Curves, bands: Bands
) -> dict[str, NDArray[np.float64]]:
    columns = {x_name: x}
    for name, curve in names.items():
        columns |= {name: whole[curve], f"{name} low": bands[curve][0], f"{name} high": bands[curve][1]}
    return columns
