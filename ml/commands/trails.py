"""The role "trail" on the command line."""

from ml.commands.evaluate_trails import evaluate_trails as evaluate
from ml.commands.score_trails import score_trails as score
from ml.commands.train_trails import PRESETS
from ml.commands.train_trails import train_trails as train

__all__ = ["PRESETS", "evaluate", "score", "train"]
