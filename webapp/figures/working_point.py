"""What a threshold keeps and costs: the champion on the frozen test set, and how many subjects a night it shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binomial import jeffreys
from ml.evaluation.metrics.calibration_error import reliability_diagram
from ml.evaluation.metrics.operating import astronomical_purity, at_completeness
from ml.evaluation.metrics.ranking import rank
from webapp.archive.models import Subject
from webapp.archive.observing_nights import newest_nights
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.sql import fetch
from webapp.figures.nights import NIGHTS
from webapp.learning.comparison import ComparableSubjects, comparable_subjects
from webapp.learning.models import Checkpoint, Score, TestSet
from webapp.workflows.models import Workflow

POINTS = 200
"""Points of a curve; more cannot be seen."""

BINS = 1000
KEPT = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

SCORED = f"""
    SELECT width_bucket(score.p_real, 0, 1, {BINS}), count(*)
    FROM {Score._meta.db_table} AS score JOIN {Subject._meta.db_table} AS subject ON subject.id = score.subject_id
    WHERE score.checkpoint_id = %(checkpoint)s AND subject.mjd >= %(since)s::float8 AND NOT subject.is_synthetic
    GROUP BY 1
"""  # noqa: S608  # our own tables


@dataclass(frozen=True)
class WorkingPoints:
    """The champion at T thresholds, highest first.

    Attributes
    ----------
    completeness, low, high
        (T,) fraction of the real test subjects kept, with its 95 % Jeffreys interval.
    false_positive_rate, precision
        (T,) on the test set.
    purity
        (T,) fraction of real ones among what is kept, for the abundance of movers on the sky (Lieu et al. 2019,
        eq. 10).
    per_night
        (T,) subjects of a night that are kept, mean of the newest nights, for thresholds rounded down to 1 / `BINS`;
        None without a scored night.
    reliability
        The diagram's columns, filled bins only.
    """

    threshold: NDArray[np.float64]
    completeness: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    false_positive_rate: NDArray[np.float64]
    precision: NDArray[np.float64]
    purity: NDArray[np.float64]
    per_night: NDArray[np.float64] | None
    reliability: dict[str, list[float]]

    def plotted(self) -> dict[str, Any]:
        """Return the columns for a browser; None where undefined."""
        names = ("threshold", "completeness", "low", "high", "false_positive_rate", "precision", "purity")
        columns: dict[str, Any] = {name: _plain(getattr(self, name)) for name in names}
        columns["per_night"] = None if self.per_night is None else _plain(self.per_night)
        return columns | {"reliability": self.reliability}

    @property
    def bins(self) -> list[tuple[float, ...]]:
        """Return the diagram's rows: mean probability, subjects, fraction of real, and its interval."""
        return list(zip(*(self.reliability[name] for name in ("mean", "n", "real", "low", "high")), strict=True))

    def table(self) -> list[dict[str, float | None]]:
        """Return the points that keep the fractions `KEPT`, at the highest threshold of each."""
        at = dict.fromkeys(int(np.argmax(self.completeness >= kept - 1e-9)) for kept in KEPT)
        columns = self.plotted()
        names = ("threshold", "completeness", "low", "high", "false_positive_rate", "precision", "purity", "per_night")
        return [{name: columns[name][row] if columns[name] else None for name in names} for row in at]

    def nearest(self, threshold: float) -> int:
        """Return the row whose threshold is nearest."""
        return int(np.abs(self.threshold - threshold).argmin())


def unseen_test_subjects(champion: Checkpoint) -> ComparableSubjects | None:
    """Return the current test set's subjects that the champion never saw; None without a test set or its file."""
    frozen = TestSet.objects.filter(survey=champion.survey_id, kind=champion.kind, is_current=True).first()
    try:
        return comparable_subjects(frozen, champion) if frozen else None
    except FileNotFoundError:
        return None


def working_points(
    workflow: Workflow, champion: Checkpoint, rows: ComparableSubjects, abundance: float
) -> WorkingPoints:
    """Return the champion's points on test subjects of both kinds.

    Parameters
    ----------
    abundance
        Movers among all subjects, between 0 and 1.
    """
    ranking = rank(rows.is_real, rows.p_real[0])
    even = np.linspace(0, len(ranking.thresholds) - 1, POINTS).astype(int)
    at = np.unique([*even, *at_completeness(ranking, np.array(KEPT))[0]])
    low, high = jeffreys(ranking.hits[0, at], np.full(len(at), ranking.real[0]))
    tpr, fpr = ranking.completeness[0, at], ranking.false_positive_rate[0, at]
    diagram = reliability_diagram(rows.is_real, rows.p_real[0])
    filled = diagram["n"] > 0
    above = _kept_per_night(workflow, champion)
    return WorkingPoints(
        threshold=ranking.thresholds[at],
        completeness=tpr,
        low=low,
        high=high,
        false_positive_rate=fpr,
        precision=ranking.precision[0, at],
        purity=astronomical_purity(tpr, fpr, abundance),
        per_night=None if above is None else above[np.floor(ranking.thresholds[at] * BINS).astype(int)],
        reliability={name: diagram[name][filled].tolist() for name in ("mean", "real", "low", "high", "n")},
    )


def _kept_per_night(workflow: Workflow, champion: Checkpoint) -> NDArray[np.float64] | None:
    """Return, for thresholds 0, 1 / `BINS`, …, 1, the mean number of a night's subjects kept; None if unknown."""
    nights, begins = newest_nights(workflow.survey_id, workflow.kind, NIGHTS)
    if not nights:
        return None
    asked = {"checkpoint": champion.pk, "since": nights[-1] + begins}
    counts = cached_figure(f"kept-per-night-{champion.pk}", lambda: fetch(SCORED, asked), MINUTE)
    by_bin = np.zeros(BINS + 1)
    for place, count in counts:
        by_bin[place - 1] = count  # a probability of 1 has a bin of its own
    return by_bin[::-1].cumsum()[::-1] / len(nights) if counts else None


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 5) for value in values.tolist()]
