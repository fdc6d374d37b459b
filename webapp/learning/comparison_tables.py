"""The points behind the curves of two models, as tables and as CSV."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from webapp.core.figure_table import Column, FigureTable, count, fixed
from webapp.core.percent import percent
from webapp.learning.comparison import Performance

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
MODEL = Column("model", _("Model"), str)
CURVE_COLUMNS = (
    MODEL,
    Column("threshold", _("Threshold"), fixed(3)),
    Column("false_positive_rate", _("False positive rate"), percent),
    Column("completeness", _("Completeness"), percent),
    Column("precision", _("Precision"), percent),
)
CALIBRATION_COLUMNS = (
    MODEL,
    Column("mean_probability", _("Mean probability"), fixed(3)),
    Column("subjects", _("Subjects"), count),
    Column("fraction_real", _("Fraction of real"), percent),
    Column("low", _("95% from"), percent),
    Column("high", _("95% to"), percent),
)


def curve_table(models: Sequence[Performance]) -> FigureTable:
    """Return the points of ROC and precision."""
    return FigureTable(CURVE_COLUMNS, [(model.checkpoint.pk, *row) for model in models for row in model.points()])


def short_curve_table(models: Sequence[Performance]) -> FigureTable:
    """Return, of these points, those with the highest thresholds that keep each of `LEVELS`."""
    rows = []
    for model in models:
        points = model.points()
        at = dict.fromkeys(
            next((n for n, row in enumerate(points) if row[2] >= level - 1e-9), None) for level in LEVELS
        )
        rows += [(model.checkpoint.pk, *points[n]) for n in at if n is not None]
    return FigureTable(CURVE_COLUMNS, rows)


def calibration_table(models: Sequence[Performance]) -> FigureTable:
    """Return the bins of both reliability diagrams."""
    rows = [(model.checkpoint.pk, *row) for model in models for row in model.calibration()]
    return FigureTable(CALIBRATION_COLUMNS, rows)
