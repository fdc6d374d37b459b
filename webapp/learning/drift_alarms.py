"""Drift as a trigger: an alarm where the newest night's scores have shifted, and one training run for each alarm."""

from contextlib import suppress

from django.db import transaction

from webapp.learning.curate_labels import labels, new_labels, trained_labels
from webapp.learning.drift import FEWEST, drift_of
from webapp.learning.messages import DRIFTED
from webapp.learning.models import Checkpoint, DriftAlarm, ModelRole
from webapp.learning.promotion import FEWEST_LABELS
from webapp.learning.triggers import AlreadyTraining, labels_since, preset_due, start_training, touched_since


def watch_drift(champion: Checkpoint) -> DriftAlarm | None:
    """Raise an alarm if the newest night's scores have shifted; withdraw unanswered alarms that no longer stand.

    Call it when the champion has scored new subjects. Nights with few subjects, and subjects without a time, raise
    none.
    """
    if ModelRole(champion.role).is_detector:
        return None
    newest = next((night for night in drift_of(champion).nights if night.mjd is not None and night.n >= FEWEST), None)
    waiting = champion.drift_alarms.filter(is_answered=False)
    if newest is None or newest.mjd is None or not newest.is_shifted:
        waiting.delete()
        return None
    waiting.exclude(night=newest.mjd).delete()
    found = {"index": newest.index, "subjects": newest.n}
    return DriftAlarm.objects.get_or_create(checkpoint=champion, night=newest.mjd, defaults=found)[0]


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
    """Return how many labels are new, or say something else, since the champion's training; 0 if a run has had them."""
    workflow, learnt = champion.run.workflow, champion.run.training_set
    if touched_since(workflow, learnt, FEWEST_LABELS) < FEWEST_LABELS or not labels_since(workflow):
        return 0
    return new_labels(labels(workflow), trained_labels(champion))
