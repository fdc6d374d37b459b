"""Retention: delete old scores, detections, features and states of training; checkpoints and evaluations stay.

Only checkpoints that never got a row are deleted: nobody can use them.
"""

import re
import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Survey
from webapp.core.partial_files import delete_if_left
from webapp.learning.models import Checkpoint, Detection, Score, ScoringRun, TrainingRun
from webapp.learning.promotion import champion_of, previous_champion

AT_ONCE = 20_000
"""Scores that are deleted in one transaction."""


def prune(checkpoint: Checkpoint) -> int:
    """Keep the scores of the champion, of the previous one, and of each workflow's newest shadow; delete the others'.

    Features are deleted with the last model that uses them, except those of the frozen backbone, which every new head
    needs. Only the survey and role of `checkpoint` are affected. Returns the number of deleted scores.
    """
    models = Checkpoint.objects.filter(survey=checkpoint.survey_id, role=checkpoint.role)
    has_scores = Exists(Score.objects.filter(checkpoint=OuterRef("pk")))
    has_run = Exists(ScoringRun.objects.filter(checkpoint=OuterRef("pk")))
    stale = models.exclude(pk__in=_retained(checkpoint.survey, checkpoint.role))
    _forget_features(checkpoint.survey, list(stale))
    return sum(_forget_scores(model) for model in list(stale.filter(has_scores | has_run)))


def _forget_scores(model: Checkpoint) -> int:
    """Delete a model's scores and detections in parts; return how many scores.

    It ends where somebody makes the model champion meanwhile: the scores from then on are the champion's.
    """
    gone = 0
    while part := _forget_part(model):
        gone += part
    return gone


@transaction.atomic
def _forget_part(model: Checkpoint) -> int:
    """Delete some scores, with the row locked that a promotion changes; return how many there were."""
    if not Checkpoint.objects.select_for_update(no_key=True).filter(pk=model.pk, is_champion=False).exists():
        return 0
    scores, detections = Score.objects.filter(checkpoint=model), Detection.objects.filter(checkpoint=model)
    keys = list(scores.order_by("subject").values_list("subject", flat=True)[:AT_ONCE])
    if not keys:
        detections.delete()
        return 0
    detections.filter(subject__in=keys).delete()
    return scores.filter(subject__in=keys)._raw_delete(connection.alias)


def _forget_features(survey: Survey, stale: list[Checkpoint]) -> None:
    """Delete features made only by old models' own networks."""
    in_use = Checkpoint.objects.filter(pk__in=models_in_use(survey))
    needed = {model.manifest.get("feature_key", "") for model in in_use}
    own = {model.manifest.get("feature_key", "") for model in stale if not model.is_frozen_head}
    store = PixelStore(settings.PIXELS)
    for key in own - needed - {""}:
        store.forget_features(survey.slug, key)


def models_in_use(survey: Survey) -> set[int]:
    """Return the checkpoints whose scores are kept, of all roles: see `prune`."""
    roles = Checkpoint.objects.filter(survey=survey).order_by().values_list("role", flat=True).distinct()
    return {pk for role in roles for pk in _retained(survey, role)}


def _retained(survey: Survey, role: str) -> set[int]:
    champion = champion_of(survey, role)
    before = previous_champion(champion)
    shadows = Checkpoint.objects.filter(survey=survey, role=role, is_champion=False)
    newest = shadows.order_by().values_list("run__workflow").annotate(newest=Max("pk"))
    return {pk for _, pk in newest} | {model.pk for model in (champion, before) if model is not None}


FOLDER = "training"


def state_path(run: TrainingRun) -> Path:
    """Return where a run keeps its state; a few times the size of its model."""
    return Path(settings.DATA) / FOLDER / f"{run.pk}.safetensors"


def delete_old_states() -> None:
    """Delete the states of runs that have ended, however they ended."""
    needed = {state_path(run).name for run in TrainingRun.objects.open()}
    for path in (Path(settings.DATA) / FOLDER).glob("*"):
        if path.name.removeprefix(".").removesuffix(".partial") not in needed:
            path.unlink(missing_ok=True)


CHECKPOINTS = "checkpoints"
_SAVED = re.compile(r"\.?(?P<run>.+-\d+)-\d+(-\w+)?")


def checkpoint_folder(run: TrainingRun, attempt: int | None = None) -> str:
    """Return where a run's attempt, by default the current one, saves its checkpoint, below the data folder."""
    return f"{CHECKPOINTS}/{run.survey.slug}-{run.pk}-{run.attempts if attempt is None else attempt}"


def delete_left_checkpoints() -> None:
    """Delete what runs that have ended saved without a row, since their worker died in between.

    Folders of runs that are not here stay: they may be another database's.
    """
    folders = (Path(settings.DATA) / CHECKPOINTS).glob("*")
    saved = {path: match["run"] for path in folders if (match := _SAVED.fullmatch(path.name))}
    ended = {f"{slug}-{pk}" for slug, pk in TrainingRun.objects.over().values_list("survey__slug", "pk")}
    needed = set(Checkpoint.objects.values_list("folder", flat=True))  # read last: a run gets its row before it ends
    for path, run in saved.items():
        if run in ended and f"{CHECKPOINTS}/{path.name}" not in needed:
            shutil.rmtree(path, ignore_errors=True)


_IMPORTED = re.compile(r"(?P<survey>.+)-(?P<run>\d+)-0")


def delete_lost_imports() -> None:
    """Delete, after a day, the files of imported models whose import was killed before its run was committed.

    A later run of the site shows that none of that number is still to come. Folders of surveys that are not here stay.
    """
    folders = (Path(settings.DATA) / CHECKPOINTS).glob("*-0")
    saved = {path: match for path in folders if (match := _IMPORTED.fullmatch(path.name))}
    runs = {pk: survey for survey, pk in TrainingRun.objects.values_list("survey__slug", "pk")}
    surveys = set(Survey.objects.values_list("slug", flat=True))
    needed = set(Checkpoint.objects.values_list("folder", flat=True))
    for path, match in saved.items():
        run, survey = int(match["run"]), match["survey"]
        is_lost = runs.get(run) != survey and run < max(runs, default=0)
        if is_lost and survey in surveys and f"{CHECKPOINTS}/{path.name}" not in needed:
            delete_if_left(path)
