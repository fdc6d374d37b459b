"""Adopt an imported model: check its files, have it score one subject, and give it its row."""

from pathlib import Path
from typing import Any

from django.conf import settings

from ml.inference import checkpoint as files
from ml.inference.scorer import Scorer
from ml.models.element_limit import ElementLimit
from ml.models.weights import ARCHITECTURE
from ml.roles.detector_scorer import DetectorScorer
from ml.storage.pixel_store import PixelStore
from tasks.learning import model_cache
from tasks.learning.examples import tracks_of_subjects
from tasks.learning.imported_manifest import read_manifest
from webapp.archive.models import Subject
from webapp.learning import messages
from webapp.learning.import_model import imported_folder
from webapp.learning.models import Checkpoint, ModelRole, Preset, TrainingRun
from webapp.learning.models.checkpoints import OWN_NETWORK

NOT_AS_TRAINED = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, AssertionError, RuntimeError)
"""What files that were made by hand raise."""

OF_FILES = {
    files.NoCheckpoint: messages.NO_FILES,
    files.DamagedWeights: messages.DAMAGED_WEIGHTS,
    files.OtherWeights: messages.OTHER_WEIGHTS,
}
"""What people who chose the files read, instead of a path and another library's words."""


class UnsoundModel(ValueError):
    """The files are no model that can be used here; the message says why."""


def adopt(row: TrainingRun) -> Checkpoint:
    """Check the files of an imported model, and store it as a model of the survey.

    Raises
    ------
    UnsoundModel
        If the files are damaged, or are a model of another role, or one that can't score the survey's subjects, or one
        that the survey has already.
    """
    folder = imported_folder(row)
    manifest = _sound(row, Path(settings.DATA) / folder)
    manifest[OWN_NETWORK] = manifest["feature_key"] != model_cache.packaged().feature_key
    return Checkpoint.objects.of_run(row, folder=folder, sha256=manifest["sha256"], manifest=manifest)


def _sound(row: TrainingRun, path: Path) -> dict[str, Any]:
    try:
        loaded = files.Checkpoint.load(path)
        manifest = read_manifest(loaded.manifest)
        _check(row, loaded)
        _try(row, loaded)
    except UnsoundModel:
        raise
    except tuple(OF_FILES) as error:
        raise UnsoundModel(OF_FILES[type(error)]()) from error
    except NOT_AS_TRAINED as error:
        said = str(error).replace(f"{path}/", "") or type(error).__name__
        raise UnsoundModel(messages.UNSOUND_MODEL(error=said)) from error
    return manifest


def _check(row: TrainingRun, loaded: files.Checkpoint) -> None:
    manifest = loaded.manifest
    if manifest["role"] != row.role or manifest.get("preset") == Preset.EXTERNAL:
        raise UnsoundModel(messages.WRONG_MODEL(role=row.role))
    if not set() < set(manifest["positive"]) < set(manifest["classes"]):
        raise UnsoundModel(messages.NO_REAL_CLASS())
    if (
        not ModelRole(row.role).is_detector
        and manifest["architecture"] != ARCHITECTURE
        and not loaded.part("backbone.")
    ):
        raise ValueError(f"They lack the network {manifest['architecture']}.")
    known = Checkpoint.objects.filter(survey=row.survey, sha256=manifest["sha256"]).first()
    if known is not None:
        raise UnsoundModel(messages.MODEL_KNOWN(number=known.pk))


def _try(row: TrainingRun, loaded: files.Checkpoint) -> None:
    """Let it score one subject, if there is one: its own network, and pixels as the survey has them."""
    with ElementLimit(loaded.tensors):
        model = DetectorScorer(loaded) if ModelRole(row.role).is_detector else Scorer(loaded)
        if isinstance(model, Scorer):
            model.backbone  # noqa: B018 - building it compares its weights with the key of its features
    subjects = Subject.objects.observed().with_pixels().filter(survey=row.survey, kind=row.workflow.kind)
    subject = subjects.order_by("pk").first()
    if subject is None:
        return
    pixels = PixelStore(settings.PIXELS).get(row.survey.slug, subject.zarr_array, subject.zarr_index)[None]
    tracks = tracks_of_subjects([subject.pk], [pixels.shape[1]]) if row.role == ModelRole.TRACKLET else None
    model.p_real(model.probabilities_from_features(model.features(pixels), tracks))
