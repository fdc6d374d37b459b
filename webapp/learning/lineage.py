"""Lineage of a survey's models: which run continued from which model, on which labels, and what each model scored."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.archive.models import Survey
from webapp.learning.models import Checkpoint, Evaluation, ScoringRun, TrainingRun, TrainingSet


@dataclass(frozen=True)
class Generation:
    """A training run with its labels, the model that it continued from, its own model, and what that one scored."""

    run: TrainingRun
    labels: TrainingSet | None = None
    base: Checkpoint | None = None
    model: Checkpoint | None = None
    evaluation: Evaluation | None = None
    scoring: ScoringRun | None = None


def generations(survey: Survey, count: int, before: int | None = None) -> list[Generation]:
    """Return the newest runs of a survey, the newest first; with `before`, those older than that run."""
    runs = TrainingRun.objects.filter(survey=survey).select_related("workflow", "training_set", "checkpoint")
    runs = runs.prefetch_related("checkpoint__evaluations")
    if before is not None:
        runs = runs.filter(pk__lt=before)
    found = list(runs[:count])
    models = [run.checkpoint for run in found if hasattr(run, "checkpoint")]
    scorings = _newest_scorings(models)
    possible = _possible_bases(survey, models)
    return [_generation(run, possible, scorings) for run in found]


def _generation(run: TrainingRun, possible: Sequence[Checkpoint], scorings: dict[int, ScoringRun]) -> Generation:
    model: Checkpoint | None = getattr(run, "checkpoint", None)
    if model is None:
        return Generation(run, run.training_set)
    evaluation = next(iter(model.evaluations.all()), None)
    return Generation(run, run.training_set, _base(model, possible), model, evaluation, scorings.get(model.pk))


def _possible_bases(survey: Survey, models: Sequence[Checkpoint]) -> list[Checkpoint]:
    starts = {model.manifest.get("init", "") for model in models}
    return list(Checkpoint.objects.filter(survey=survey, sha256__in=starts).select_related("run"))


def _base(model: Checkpoint, possible: Sequence[Checkpoint]) -> Checkpoint | None:
    """Return the model that another one continued from, as `Checkpoint.lineage` does."""
    start = model.manifest.get("init")
    older = (one for one in possible if (one.sha256, one.role) == (start, model.role) and one.pk < model.pk)
    return next(older, None)


def _newest_scorings(models: Sequence[Checkpoint]) -> dict[int, ScoringRun]:
    """Return the newest scoring of the archive by each model."""
    rows = ScoringRun.objects.of_archive().filter(checkpoint__in=models).order_by("checkpoint_id", "-pk")
    rows = rows.distinct("checkpoint_id")
    return {row.checkpoint_id: row for row in rows}
