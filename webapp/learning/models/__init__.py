from webapp.learning.models.checkpoints import Checkpoint, DriftAlarm, Evaluation, Promotion
from webapp.learning.models.first_batch import FirstBatch
from webapp.learning.models.scoring_run import Detection, Explanation, Score, ScoringRun, ScoringShard
from webapp.learning.models.training_run import (
    TRAINED_ELSEWHERE,
    ExternalScorer,
    ModelRole,
    Preset,
    TestSet,
    TrainingEpoch,
    TrainingRun,
    TrainingSet,
)

__all__ = [
    "TRAINED_ELSEWHERE",
    "Checkpoint",
    "Detection",
    "DriftAlarm",
    "Evaluation",
    "Explanation",
    "ExternalScorer",
    "FirstBatch",
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
