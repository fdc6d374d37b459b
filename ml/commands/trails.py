"""The role "trail" on the command line."""

from ml.commands.train_trails import PRESETS
from ml.commands.train_trails import train_trails as train

__all__ = ["PRESETS", "train"]
