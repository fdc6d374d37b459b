from webapp.learning.models.checkpoints import Checkpoint, Evaluation, Promotion
from webapp.learning.models.drift_alarm import DriftAlarm
from webapp.learning.models.external_scorer import ExternalScorer
from webapp.learning.models.scoring_run import Detection, Score, ScoringRun, ScoringShard
from webapp.learning.models.training_run import ModelRole, Preset, TestSet, TrainingEpoch, TrainingRun, TrainingSet

__all__ = [
    "Checkpoint",
    "Detection",
    "DriftAlarm",
    "Evaluation",
    "ExternalScorer",
    "ModelRole",
    "Preset",
    "Promotion",
    "Score",
    "ScoringRun",
    "ScoringShard",
    "TestSet",
    "TrainingEpoch",
    "TrainingRun",
    "TrainingSet",
]
