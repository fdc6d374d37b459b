"""The role "stamp" on the command line."""

from ml.commands.evaluate_chips import evaluate
from ml.commands.score_chips import score
from ml.commands.train_chips import train
from ml.train import PRESETS

__all__ = ["PRESETS", "evaluate", "score", "train"]
