"""Drift: the champion's scores on nights since its training against those before."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ml.evaluation.metrics.drift import SHIFTED, chance_of_as_much, stability_index
from webapp.archive.models import Subject
from webapp.archive.observing_nights import night_begins
from webapp.learning.curate_labels import labels
from webapp.learning.label_changes import changed_labels
from webapp.learning.messages import DRIFTED
from webapp.learning.models import Checkpoint, DriftAlarm, Score
from webapp.learning.promotion import FEWEST_LABELS
from webapp.learning.training_sets import has_stored_labels, trained_labels
from webapp.learning.triggers import AlreadyTraining, labels_since, preset_due, start_training, touched_since

BINS = 10
NIGHTS = 30
"""Newest nights that are compared."""

LEVEL = 0.01
"""Chance of an alarm without drift, for all nights together."""

FEWEST = 20
"""Subjects of a night without which it raises no alarm."""

# Subjects of one object and night are alike, so one counts. Those whose time is unknown are a night of their own.
COUNT = f"""
    SELECT is_new, is_learnt, night, width_bucket(p_real, 0, 1, %(bins)s) AS bin, count(*),
        count(*) FILTER (WHERE p_real >= %(threshold)s)
    FROM (
        SELECT DISTINCT ON (is_new, night, subject.object_group)
            subject.created_at > %(trained)s AS is_new, score.subject_id = ANY(%(learnt)s) AS is_learnt,
            floor(subject.mjd - %(begins)s) AS night, score.p_real
        FROM {Score._meta.db_table} AS score JOIN {Subject._meta.db_table} AS subject ON subject.id = score.subject_id
        WHERE score.checkpoint_id = %(checkpoint)s AND NOT subject.is_synthetic
        ORDER BY is_new, night, subject.object_group, subject.id
    ) AS counted
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608  # our own tables


@dataclass(frozen=True)
class Night:
    """The champion's scores on the subjects of one night that came in since its training.

    `index` is the population stability index against the reference.
    """

    mjd: int | None
    n: int
    fraction_real: float
    index: float
    is_shifted: bool


@dataclass(frozen=True)
class Drift:
    reference: int
    nights: list[Night]

    @property
    def shifted(self) -> list[Night]:
        return [night for night in self.nights if night.is_shifted]


def drift_of(champion: Checkpoint) -> Drift:
    """Compare the scores of subjects that came in since the champion's training with those of earlier ones, by night.

    A night has shifted if it differs both from all earlier subjects and from those that the champion was not trained
    on. The scores of the others are too sure; but without them movers are missing, since people are asked about likely
    movers first. Raises MissingFile where they are not known.
    """
    references, since = _counts(champion)
    newest = sorted(since, key=lambda night: (night is not None, night), reverse=True)[:NIGHTS]
    bound = LEVEL / max(len(newest), 1)
    return Drift(int(references[0].sum()), [_night(night, references, since[night], bound) for night in newest])


def _night(mjd: int | None, references: NDArray[np.int64], counts: NDArray[np.int64], bound: float) -> Night:
    counted, real = counts
    n, index = int(counted.sum()), min(stability_index(before, counted) for before in references)
    is_shifted = n >= FEWEST and index >= SHIFTED
    is_shifted = is_shifted and all(chance_of_as_much(before, counted) < bound for before in references)
    return Night(mjd, n, float(real.sum() / n), index, is_shifted)


def _counts(champion: Checkpoint) -> tuple[NDArray[np.int64], dict[int | None, NDArray[np.int64]]]:
    """Return the counts by bin of p_real.

    Those of subjects before the training (2, `BINS`): of all, and of those that it was not trained on. And those of
    each night since (2, `BINS`): of all, and of those that the champion calls real.
    """
    parameters: dict[str, Any] = {
        "trained": champion.run.created_at,
        "begins": night_begins(champion.survey_id),
        "bins": BINS,
        "threshold": champion.threshold,
        "checkpoint": champion.pk,
        "learnt": [label.subject_id for label in trained_labels(champion)],
    }
    references = np.zeros((2, BINS), dtype=np.int64)
    since: dict[int | None, NDArray[np.int64]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, parameters)
        for is_new, is_learnt, night, place, *counts in cursor.fetchall():
            column = min(place, BINS) - 1
            if not is_new:
                references[: 1 if is_learnt else 2, column] += counts[0]
            elif not is_learnt:
                key = None if night is None else int(night)
                since.setdefault(key, np.zeros_like(references))[:, column] += counts
    return references, since


def watch_drift(champion: Checkpoint) -> DriftAlarm | None:
    """Raise an alarm if the newest night's scores have shifted; withdraw unanswered alarms that no longer stand.

    Call it when the champion has scored new subjects. Nights with few subjects, and subjects without a time, raise
    none.
    """
    newest = next((night for night in drift_of(champion).nights if night.mjd is not None and night.n >= FEWEST), None)
    waiting = champion.drift_alarms.filter(is_answered=False)
    if newest is None or newest.mjd is None or not newest.is_shifted:
        waiting.delete()
        return None
    waiting.exclude(night=newest.mjd).delete()
    found = {"index": newest.index, "subjects": newest.n}
    return DriftAlarm.objects.update_or_create(checkpoint=champion, night=newest.mjd, defaults=found)[0]


def start_after_drift() -> None:
    """Start a run for each champion with an unanswered alarm, once there are labels that it was not trained on.

    As many as the gate asks for: with fewer, no retrained head could be promoted.
    """
    waiting = DriftAlarm.objects.filter(
        is_answered=False,
        checkpoint__is_champion=True,
        checkpoint__survey__retrain_on_drift=True,
        checkpoint__run__workflow__is_active=True,
    )
    for alarm in waiting.select_related("checkpoint__survey", "checkpoint__run__workflow__survey"):
        new = _labels_new_to(alarm.checkpoint)
        if new >= FEWEST_LABELS:
            with suppress(AlreadyTraining):
                _answer(alarm, new)


@transaction.atomic
def _answer(alarm: DriftAlarm, new: int) -> None:
    if DriftAlarm.objects.filter(pk=alarm.pk, is_answered=False).update(is_answered=True) != 1:
        return
    workflow = alarm.checkpoint.run.workflow
    reason = DRIFTED(
        night=str(alarm.night), index=f"{alarm.index:.2f}", subjects=alarm.subjects, model=alarm.checkpoint_id, new=new
    )
    start_training(workflow=workflow, by=None, preset=preset_due(workflow), reason=reason)


def _labels_new_to(champion: Checkpoint) -> int:
    """Return how many labels are new or corrected since the champion's training.

    0 if a run has had them, or if its own labels are lost.
    """
    workflow, learnt = champion.run.workflow, champion.run.training_set
    if not has_stored_labels(champion):
        return 0
    if touched_since(workflow, learnt, FEWEST_LABELS) < FEWEST_LABELS or not labels_since(workflow):
        return 0
    return changed_labels(workflow, labels(workflow), trained_labels(champion))
