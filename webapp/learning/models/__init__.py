from webapp.learning.models.checkpoint import Checkpoint, Promotion
from webapp.learning.models.evaluation import Evaluation
from webapp.learning.models.find import Find
from webapp.learning.models.score import Score, ScoringRun, ScoringShard
from webapp.learning.models.training_run import ModelRole, Preset, TrainingEpoch, TrainingRun
from webapp.learning.models.training_set import TestSet, TrainingSet

__all__ = [
    "Checkpoint",
    "Evaluation",
    "Find",
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
