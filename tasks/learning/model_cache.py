"""Cache of loaded models in this worker's memory, since loading and compiling takes seconds."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ml.inference import checkpoint as files
from ml.inference.feature_extractor import Backbone, default_backbone
from ml.inference.scorer import Scorer
from ml.roles.detector_scorer import DetectorScorer
from tasks.learning.external_model import ExternalModel
from webapp.learning.models import Checkpoint, ModelRole

Model = Scorer | DetectorScorer | ExternalModel


def model(checkpoint: Checkpoint) -> Model:
    """Return the checkpoint's model, ready to score."""
    if checkpoint.is_external:
        return ExternalModel(checkpoint)
    if ModelRole(checkpoint.role).is_detector:
        return detector(checkpoint)
    return scorer(checkpoint)


def detector(checkpoint: Checkpoint) -> DetectorScorer:
    """Return a detector of trails or of movers in cubes, ready to score."""
    return _finder(Path(settings.DATA) / checkpoint.folder, checkpoint.sha256)


def scorer(checkpoint: Checkpoint) -> Scorer:
    """Return a classifier of stamps or tracklets, ready to score."""
    return _scorer(Path(settings.DATA) / checkpoint.folder, checkpoint.sha256)


@lru_cache(maxsize=1)
def packaged() -> Backbone:
    """Return the site's frozen backbone, the one that the setting BACKBONE names."""
    return default_backbone(settings.BACKBONE)


class SharedFrozen(Scorer):
    """A scorer that shares this worker's frozen backbone with all other heads."""

    @property
    def backbone(self) -> Backbone:
        frozen = packaged()
        return frozen if frozen.feature_key == self.feature_key else super().backbone


@lru_cache(maxsize=3)
def _scorer(folder: Path, sha256: str) -> Scorer:
    return SharedFrozen(_files(folder, sha256))


@lru_cache(maxsize=2)
def _finder(folder: Path, sha256: str) -> DetectorScorer:
    return DetectorScorer(_files(folder, sha256))


def _files(folder: Path, sha256: str) -> files.Checkpoint:
    loaded = files.Checkpoint.load(folder)
    if loaded.manifest["sha256"] != sha256:
        raise files.BadCheckpoint(f"{folder} is not the checkpoint that the database knows. Restore it from a backup.")
    return loaded
