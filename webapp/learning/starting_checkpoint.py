"""The checkpoint that a training run starts from: the champion, the workflow's newest model, or none."""

from django.db.models import QuerySet

from webapp.learning.models import Checkpoint, Preset, TrainingRun
from webapp.learning.promotion import champion_of


def starting_detector(run: TrainingRun) -> Checkpoint | None:
    """Return the champion, or else the workflow's newest detector; a control has nothing from the champion."""
    return _champion(run) or _own(run).first()


def starting_classifier(run: TrainingRun, packaged: str) -> Checkpoint | None:
    """Return the checkpoint whose network the run continues from; None for the packaged network, or a fresh one.

    A head is trained on the champion's network, and FixMatch begins with it. So does fine-tuning, or else with the
    newest shadow of the workflow. `packaged` is the feature key of the packaged network: a checkpoint that has it
    brings no network.
    """
    if run.preset == Preset.SMALL:
        return None
    lead = _own(run).first() if run.is_control else _champion(run)
    if lead is not None and lead.manifest["feature_key"] != packaged:
        return lead
    return _own(run).exclude(manifest__feature_key=packaged).first() if run.preset == Preset.FINETUNE else None


def _own(run: TrainingRun) -> QuerySet[Checkpoint]:
    """Return the workflow's models; an external scorer has no network to continue from."""
    return Checkpoint.objects.filter(run__workflow=run.workflow, role=run.role).exclude(run__preset=Preset.EXTERNAL)


def _champion(run: TrainingRun) -> Checkpoint | None:
    champion = None if run.is_control else champion_of(run.survey, run.role)
    return None if champion is None or champion.is_external else champion
