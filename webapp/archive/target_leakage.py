"""Target leakage: metadata that tells the classes apart, hidden until answered even if an admin has released it.

Measured on gold: for each column, the ROC AUC with which its value, or whether it has one, separates yes from no.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ml.evaluation.metrics.ranking import rank
from webapp.archive.blinding import HIDDEN
from webapp.archive.models import Frame, Subject, Survey

LIMIT = 0.6
CERTAIN = 2.6
"""Standard errors beyond 0.5, so that few gold subjects hide nothing by chance."""

MOST = 20_000
CATEGORIES = 20
FIELDS = ("rate", "created_at", "ra", "mjd", "external_id")
BAND = "band"


def measure_leakage(survey: Survey) -> dict[str, float]:
    """Measure a survey's columns on its gold subjects and store the leaky ones, with their AUC."""
    survey.leaky_columns = leaky_columns(survey)
    Survey.objects.filter(pk=survey.pk).update(leaky_columns=survey.leaky_columns)
    return survey.leaky_columns


def leaky_columns(survey: Survey) -> dict[str, float]:
    """Measure a survey's columns on its gold subjects and return the leaky ones, with their AUC.

    That takes seconds where there is much gold: do it before anybody waits for a lock.
    """
    rows = list(Subject.objects.gold().observed().filter(survey=survey).order_by("pk")[:MOST])
    for row in rows:
        row.survey = survey
    is_yes = np.array([row.gold_answer() == "yes" for row in rows], bool)
    measured = {name: separation(values, is_yes) for name, values in _columns(rows).items()}
    return {name: round(auc, 3) for name, auc in measured.items() if auc > LIMIT}


def separation(values: Sequence[object], is_yes: np.ndarray) -> float:
    """Return the largest AUC (0.5 to 1) of a column's views that is beyond chance: presence, number, or category."""
    return max((_auc(view, is_yes) for view in _views(values)), default=0.5)


def _columns(rows: list[Subject]) -> dict[str, list[object]]:
    names = {name for row in rows for name in row.metadata if not name.startswith(HIDDEN)}
    columns: dict[str, list[object]] = {name: [row.metadata.get(name) for row in rows] for name in names}
    columns |= {name: [getattr(row, name) for row in rows] for name in FIELDS}
    columns["created_at"] = [row.created_at.timestamp() for row in rows]
    columns["external_id"] = [row.external_id.rstrip("0123456789") for row in rows]
    bands = dict(Frame.objects.filter(subject__in=rows, position=0).values_list("subject", "band"))
    columns[BAND] = [bands.get(row.pk) or None for row in rows]
    return columns


def _views(values: Sequence[object]) -> Iterable[np.ndarray]:
    """Yield a column as numbers: whether it has a value, its number, and each frequent category."""
    numbers = np.array([_number(value) for value in values])
    yield np.array([value not in (None, "") for value in values], float)
    if np.isfinite(numbers).any():
        yield numbers
    counts = Counter(value for value in values if isinstance(value, (str, bool)))
    for category, _count in counts.most_common(CATEGORIES):
        yield np.array([value == category for value in values], float)


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return math.nan


def _auc(view: np.ndarray, is_yes: np.ndarray) -> float:
    """Return the AUC or its mirror image; 0.5 if it may be chance."""
    known = np.isfinite(view)
    view, is_yes = view[known], is_yes[known]
    positive, negative = int(is_yes.sum()), int((~is_yes).sum())
    if not positive or not negative:
        return 0.5
    auc = float(rank(is_yes, view).roc_auc()[0])
    error = math.sqrt((positive + negative + 1) / (12 * positive * negative))
    return max(auc, 1 - auc) if abs(auc - 0.5) > CERTAIN * error else 0.5
