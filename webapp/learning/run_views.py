"""Training run page: progress, learning curves, evaluation, confusion matrix; cancel or retry it, for admins."""

from typing import Any

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from webapp.archive.access import survey_page
from webapp.archive.models import Membership, Role, Survey
from webapp.core.csv_writer import csv_response
from webapp.core.fragments import fragment_of
from webapp.core.jobs import JobState
from webapp.core.retries import retry_for
from webapp.learning.manual_promotion import doubts
from webapp.learning.model_roles import classes_of
from webapp.learning.models import Checkpoint, ModelRole, TrainingEpoch, TrainingRun
from webapp.learning.promotion import champion_of, previous_champion


@require_safe
@survey_page(Role.SCIENTIST)
def run(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    return render(request, "learning/run.html", _context(request, survey, pk))


@require_safe
@survey_page(Role.SCIENTIST)
@fragment_of("training-run", "pk")
def progress(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Return the fragment that refreshes itself until the run is over."""
    return render(request, "learning/progress.html", _context(request, survey, pk))


@require_safe
@survey_page(Role.SCIENTIST)
def epochs(request: HttpRequest, survey: Survey, pk: int) -> JsonResponse:
    """Return all epochs of the newest attempt that has any, for the curves."""
    row = _run(survey, pk)
    found = list(row.curve())
    attempt = found[0].attempt if found else row.attempts
    return JsonResponse({"is_over": row.is_over, "attempt": attempt, "epochs": [_plain(epoch) for epoch in found]})


@require_safe
@survey_page(Role.SCIENTIST)
def epochs_csv(request: HttpRequest, survey: Survey, pk: int) -> HttpResponseBase:
    """Return every epoch of every attempt."""
    row = _run(survey, pk)
    rows = [{"attempt": epoch.attempt, **_plain(epoch)} for epoch in row.epochs.all()]
    columns = ("attempt", "epoch", "loss", "val_loss", *EPOCH_METRICS)
    return csv_response(f"training-{row.pk}.csv", columns, [[each[column] for column in columns] for each in rows])


@require_POST
@survey_page(Role.ADMIN)
def cancel(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    row = _run(survey, pk)
    row.request_cancel()
    row.refresh_from_db()
    if row.state in (JobState.DONE, JobState.FAILED):
        message = _("Training run %(number)d is over already. Nothing was cancelled.") % {"number": row.pk}
    else:
        message = _("The run stops after the current epoch. The champion and all labels stay unchanged.")
    messages.info(request, message)
    return redirect("training-run", survey.slug, row.pk)


@require_POST
@survey_page(Role.ADMIN)
def retry(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    """Queue a failed run again."""
    retry_for(request, _run(survey, pk))
    return redirect("training-run", survey.slug, pk)


def _run(survey: Survey, pk: int) -> TrainingRun:
    runs = TrainingRun.objects.select_related("workflow", "training_set", "requested_by", "survey", "scorer")
    return get_object_or_404(runs, survey=survey, pk=pk)


EPOCH_METRICS = ("accuracy", "roc_auc")


def _plain(epoch: TrainingEpoch) -> dict[str, Any]:
    metrics = {name: epoch.metrics.get(name) for name in EPOCH_METRICS}
    return {"epoch": epoch.epoch, "loss": epoch.finite_loss, "val_loss": epoch.val_loss, **metrics}


def _context(request: HttpRequest, survey: Survey, pk: int) -> dict[str, Any]:
    row = _run(survey, pk)
    curve = list(row.curve())
    checkpoint = Checkpoint.objects.filter(run=row).first()
    evaluation = checkpoint.evaluations.select_related("champion", "test_set").first() if checkpoint else None
    return {
        "survey": survey,
        "is_admin": Membership.objects.allows(request.user, survey, Role.ADMIN),
        "run": row,
        "epochs": curve,
        "epoch_metrics": [name for name in EPOCH_METRICS if any(each.metrics.get(name) is not None for each in curve)],
        "tells_classes_apart": _tells_classes_apart(row, checkpoint),
        "sources": sources(row.training_set.sources) if row.training_set else [],
        "checkpoint": checkpoint,
        "evaluation": evaluation,
        "metrics": shown_metrics(evaluation.metrics) if evaluation else [],
        "confusions": confusions(evaluation.metrics) if evaluation else [],
        "champion": champion_of(survey, checkpoint.role) if checkpoint else None,
        "previous": previous_champion(checkpoint) if checkpoint and checkpoint.is_champion else None,
        "doubts": doubts(checkpoint) if checkpoint and not checkpoint.is_champion else [],
        "scoring": checkpoint.scoring_runs.of_archive().first() if checkpoint else None,
    }


def _tells_classes_apart(row: TrainingRun, checkpoint: Checkpoint | None) -> bool:
    """Return whether the accuracy of the run's epochs is that of classes, more than yes and no."""
    names = checkpoint.scored_classes if checkpoint else classes_of(row.survey).names
    return row.role == ModelRole.STAMP and len(names) > 2


SOURCES = {
    "ruling": gettext_lazy("%(count)s from verdicts"),
    "gold": gettext_lazy("%(count)s from gold"),
    "consensus": gettext_lazy("%(count)s from volunteers"),
}


def sources(counts: dict[str, int]) -> list[str]:
    """Return the sources of a training set's labels, with counts."""
    return [str(SOURCES[name]) % {"count": intcomma(count)} for name, count in counts.items()]


NAMES = {
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "accuracy": gettext_lazy("Accuracy"),
    "precision": gettext_lazy("Precision"),
    "recall": gettext_lazy("Recall"),
    "f1": "F1",
    "kappa": gettext_lazy("Cohen’s κ"),
    "mcc": gettext_lazy("MCC"),
    "log_loss": gettext_lazy("Log loss (nats)"),
    "ece": gettext_lazy("Calibration error (ECE)"),
}


def shown_metrics(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return name, value and 95 % interval (None if not measured) of each known metric, in display order."""
    intervals = metrics.get("intervals", {})
    known = [key for key in NAMES if metrics.get(key) is not None]
    return [{"name": NAMES[key], "value": metrics[key], "interval": intervals.get(key)} for key in known]


DECISIONS = gettext_lazy("Confusion matrix at the decision threshold: rows are true answers, columns are decisions")
MOST_PROBABLE = gettext_lazy(
    "Confusion matrix over the survey's classes: rows are true classes, columns are predictions. Each subject is in the"
    " column of its most probable class, so the totals differ from the decisions at the threshold."
)
ANSWERS = {
    "bogus": gettext_lazy("no"),
    "real": gettext_lazy("yes"),
    "no": gettext_lazy("no"),
    "yes": gettext_lazy("yes"),
}


def confusions(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the confusion matrices: of the decisions, and of the classes where they are more than real and bogus."""
    if not metrics.get("confusion"):
        return []
    answers = [str(ANSWERS.get(name, name)) for name in metrics["classes"]]
    found = [_matrix("confusion", str(DECISIONS), answers, metrics["confusion"])]
    fine = metrics.get("fine")
    if fine and len(fine["classes"]) > 2:
        found.append(_matrix("class-confusion", str(MOST_PROBABLE), fine["classes"], fine["confusion"]))
    return found


def _matrix(key: str, caption: str, classes: list[str], counts: list[list[int]]) -> dict[str, Any]:
    return {"key": key, "caption": caption, "classes": classes, "rows": list(zip(classes, counts, strict=True))}
