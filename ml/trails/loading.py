"""Load the trail detector of a checkpoint."""

from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.trails.candidate import LEAST
from ml.trails.detector import Detector, LearnedDetector
from ml.trails.radon_baseline import ClassicalDetector
from ml.trails.train import ARCHITECTURE, CLASSICAL, ROLE, parts_of


def detector_of(checkpoint: Checkpoint, *, threads: int | None = None, least: float = LEAST) -> Detector:
    """Return the detector of a checkpoint; `threads` is the number of cores per image.

    `least` is the minimum foreground probability of a cell (`LearnedDetector`); the classical detector has no such
    cells.

    Raises
    ------
    BadCheckpoint
        If it has another role, or an unknown architecture.
    """
    role, architecture = checkpoint.manifest["role"], checkpoint.manifest["architecture"]
    if role == ROLE and architecture == CLASSICAL:
        return ClassicalDetector()
    if role == ROLE and architecture != ARCHITECTURE:
        raise BadCheckpoint(f"This version does not know the trail detector {architecture!r}. Train one with it.")
    net, look = parts_of(checkpoint)
    return LearnedDetector(net, look, threads=threads, least=least)
