"""Which earlier model a training run goes on from, by its preset, and by whether it is a control.

A control has nothing from the champion: it goes on from its own workflow's newest model.
"""

from django.db.models import QuerySet

from webapp.learning.models import Checkpoint, Preset, TrainingRun
from webapp.learning.promotion import champion_of


def starting_detector(run: TrainingRun) -> Checkpoint | None:
    """Return the champion, or else the workflow's newest detector; None where there is none."""
    return _champion(run) or _own(run).first()


def starting_classifier(run: TrainingRun, packaged: str) -> Checkpoint | None:
    """Return the checkpoint whose network the run goes on from; None for the packaged network, or a fresh one.

    A head is trained on the champion's network. Fine-tuning begins with it too, or else with the newest shadow of the
    workflow. `packaged` is the feature key of the packaged network: a checkpoint that has it brings no network.
    """
    if run.preset == Preset.SMALL:
        return None
    lead = _own(run).first() if run.is_control else _champion(run)
    if lead is not None and lead.manifest["feature_key"] != packaged:
        return lead
    return _own(run).exclude(manifest__feature_key=packaged).first() if run.preset == Preset.FINETUNE else None


def _own(run: TrainingRun) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(run__workflow=run.workflow, role=run.role)


def _champion(run: TrainingRun) -> Checkpoint | None:
    return None if run.is_control else champion_of(run.survey, run.role)
