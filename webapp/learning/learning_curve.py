"""Learning curves: how well a role's models do on the current test set, by the labels they were trained on."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.core.figure_table import Column, FigureTable, count, fixed
from webapp.learning.models import Evaluation, ModelRole
from webapp.learning.promotion import champion_of

COLUMNS = (
    Column("model", _("Model"), str),
    Column("workflow", _("Workflow"), str),
    Column("recipe", _("Recipe"), str),
    Column("labels", _("Labels"), count),
    Column("roc_auc", "ROC AUC", fixed(3)),
    Column("low", _("95% from"), fixed(3)),
    Column("high", _("95% to"), fixed(3)),
)
FEWEST = 2  # points that make a curve


@dataclass(frozen=True)
class LearningCurve:
    """The points of a role's models, with the fewest labels first, and which of the models is champion."""

    role: ModelRole
    table: FigureTable
    champion: int | None

    @property
    def is_drawn(self) -> bool:
        return len(self.table.rows) >= FEWEST

    def plotted(self) -> dict[str, Any]:
        """Return what the browser draws."""
        addresses = self.table.addresses["model"]
        return {"role": self.role, "champion": self.champion, "addresses": addresses, "points": self.table.plotted()}


def learning_curve(survey: Survey, role: ModelRole) -> LearningCurve:
    """Return a point for each model with known labels and an ROC AUC on the current test set.

    Metrics on other test sets can't be compared with these.
    """
    evaluations = (
        Evaluation.objects.filter(checkpoint__survey=survey, checkpoint__role=role, test_set__is_current=True)
        .exclude(checkpoint__run__training_set=None)
        .select_related("checkpoint__run__workflow", "checkpoint__run__training_set")
        .order_by("checkpoint__run__training_set__size", "checkpoint_id")
    )
    judged = [evaluation for evaluation in evaluations if evaluation.metrics.get("roc_auc") is not None]
    addresses = [reverse("training-run", args=[survey.slug, each.checkpoint.run_id]) for each in judged]
    table = FigureTable(COLUMNS, [_point(each) for each in judged], {"model": addresses})
    champion = champion_of(survey, role)
    return LearningCurve(role, table, champion.pk if champion else None)


def _point(evaluation: Evaluation) -> tuple[Any, ...]:
    checkpoint, metrics = evaluation.checkpoint, evaluation.metrics
    run = checkpoint.run
    interval = metrics.get("intervals", {}).get("roc_auc") or (None, None)
    labels = run.training_set.size if run.training_set else None
    return (checkpoint.pk, run.workflow.name, str(run.get_preset_display()), labels, metrics["roc_auc"], *interval)
