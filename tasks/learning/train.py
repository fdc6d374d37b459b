"""Train a model: curate, read, train, save, evaluate, gate. If killed midway, it still ends in one checkpoint."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db.models import Max

from ml.data.dataset import Examples
from ml.data.tracklet_frames import TrackletFrames
from ml.evaluation.classifier import jsonable
from ml.inference import checkpoint as files
from ml.inference.scorer import Scorer
from ml.io.message import message_of, to_json
from ml.roles.cross_validation import cross_validate
from ml.roles.train_role import train
from ml.storage.pixel_store import PixelStore
from ml.training.callbacks import Epoch
from ml.training.training_state import StateFile
from tasks.base_task import job
from tasks.learning import external_model, imported_model, model_cache
from tasks.learning.evaluate_checkpoint import evaluate
from tasks.learning.examples import examples, features_of, of_one_shape, pixels_of, tracks_of_labels
from tasks.learning.features import Features
from tasks.learning.pool import pool_of
from tasks.learning.train_detectors import train_detector
from webapp.consensus.recompute import catch_up
from webapp.core.jobs import Cancelled, LeaseLost
from webapp.learning import curate_labels, messages, scores, test_sets, training_sets
from webapp.learning.label_snapshot import Label
from webapp.learning.models import Checkpoint, ModelRole, Preset, TrainingEpoch, TrainingRun, TrainingSet
from webapp.learning.promotion import ChampionChanged, apply_gate, champion_of, finish_unevaluated, rival_of
from webapp.learning.retention import checkpoint_folder, state_path
from webapp.learning.starting_checkpoint import starting_classifier, starting_detector
from webapp.learning.test_sets import TooLittleGold

log = logging.getLogger(__name__)
ROUNDS = 3


@job(TrainingRun)
def run(row: TrainingRun) -> None:
    if lost := test_sets.lost_file(test_sets.current_if_frozen(row.survey, row.workflow.kind)):
        raise lost  # rather than train what cannot be evaluated
    checkpoint = Checkpoint.objects.filter(run=row).first() or _train(row)
    _state_file(row).delete()
    row.renew(message=messages.EVALUATING())
    _evaluate_and_gate(row, checkpoint)


def _train(row: TrainingRun) -> Checkpoint:
    if row.scorer is not None:
        row.renew(message=messages.ASKING())
        return external_model.meet(row, row.scorer)
    if row.preset == Preset.IMPORTED:
        row.renew(message=messages.CHECKING_MODEL())
        return imported_model.adopt(row)
    if row.training_set is None:
        row.renew(message=messages.ADDING_UP())
        catch_up(row.workflow)
        row.renew(message=messages.COLLECTING())
        row.renew(training_set=curate_labels.curate(row.workflow))
    if ModelRole(row.role).is_detector:
        return _save(row, _detector(row), {})
    base = _base(row)
    crossed = row.cross_validate and row.preset == Preset.HEAD
    with _given(row, base) as (labels, given):
        if crossed and base:
            given.notes.append(messages.NOT_CROSS_VALIDATED())
        row.renew(message=messages.LEARNING(count=len(given)))
        trained = train(
            row.role,
            given,
            preset=row.preset,
            init=settings.BACKBONE,
            base=base.checkpoint if base else None,
            seed=row.seed,
            minutes=row.minutes,
            on_epoch=lambda epoch: _report(row, epoch),
            state=_state_file(row),
        )
        unseen = _cross_validated(row, labels, given) if crossed and not base else {}
    return _save(row, trained, unseen)


def _state_file(row: TrainingRun) -> StateFile:
    return StateFile(state_path(row), lambda epoch: _resumed(row, epoch))


def _detector(row: TrainingRun) -> files.Checkpoint:
    labels = training_sets.labels_with_pixels(_curated(row))[0]
    row.renew(message=messages.LEARNING(count=len(labels)), resumed_at=None)
    start = starting_detector(row)
    base = model_cache.detector(start).checkpoint if start else None
    return train_detector(row, labels, base, lambda epoch: _report(row, epoch), _state_file(row))


def _cross_validated(row: TrainingRun, labels: list[Label], given: Examples) -> dict[int, float]:
    """Return p_real by subject, each from a model that was trained without its object."""
    row.renew(message=messages.CROSS_VALIDATING())
    p_real = cross_validate(given, role=row.role, init=settings.BACKBONE, seed=row.seed)
    return dict(zip([label.subject_id for label in labels], p_real.tolist(), strict=True))


def _base(row: TrainingRun) -> Scorer | None:
    start = starting_classifier(row, model_cache.packaged().feature_key)
    return model_cache.scorer(start) if start else None


@contextmanager
def _given(row: TrainingRun, base: Scorer | None) -> Iterator[tuple[list[Label], Examples]]:
    """Yield the run's labels and examples: with features for a new head, with pixels for a whole network."""
    labels, classes = training_sets.labels_with_pixels(_curated(row))
    store = PixelStore(settings.PIXELS)
    row.renew(message=messages.READING(count=len(labels)), resumed_at=None)
    if row.preset == Preset.HEAD:
        given = examples(labels, classes, _curated(row).hash)
        given.tracks = _tracks(row, labels)
        given.check()
        network = base or model_cache.packaged()
        given.feature_key = network.feature_key
        given.features = features_of(labels, Features(store, row.survey.slug, network, lambda _: row.renew()))
        yield labels, given
        return
    alike = of_one_shape(labels)
    given = examples(alike, classes, _curated(row).hash)
    given.tracks = _tracks(row, alike)
    given.check()
    if len(alike) < len(labels):
        given.notes.append(messages.OTHER_SIZES(n=len(labels) - len(alike)))
    with (
        pixels_of(alike, store, row.survey.slug, Path(settings.DATA) / "temporary") as given.pixels,
        pool_of(row, alike, store) as given.unlabelled,
    ):
        yield alike, given


def _tracks(row: TrainingRun, labels: list[Label]) -> TrackletFrames | None:
    return tracks_of_labels(labels) if row.role == ModelRole.TRACKLET else None


def _curated(row: TrainingRun) -> TrainingSet:
    if row.training_set is None:
        raise RuntimeError(f"{row} has no training set yet.")
    return row.training_set


def _report(row: TrainingRun, epoch: Epoch) -> None:
    figures = jsonable({"val_loss": epoch.val_loss, "metrics": epoch.metrics})
    TrainingEpoch.objects.update_or_create(
        run=row,
        attempt=row.attempts,
        epoch=epoch.epoch,
        defaults={"epochs": epoch.epochs, "loss": epoch.loss, **figures},
    )
    row.renew(done=epoch.epoch, total=epoch.epochs)


def _resumed(row: TrainingRun, epoch: int) -> None:
    """Say at which epoch the run resumes, and count the earlier epochs as this attempt's."""
    log.warning("%s resumed at epoch %d.", row, epoch)
    newest = row.epochs.aggregate(attempt=Max("attempt"))["attempt"]
    row.epochs.filter(attempt=newest, epoch__lt=epoch).update(attempt=row.attempts)
    row.renew(resumed_at=epoch, message=messages.RESUMED(epoch=epoch))


def _save(row: TrainingRun, trained: files.Checkpoint, unseen: dict[int, float]) -> Checkpoint:
    """Write files and row. A worker that lost its lease meanwhile writes neither."""
    folder, notes = checkpoint_folder(row), [to_json(note) for note in trained.manifest.get("notes", [])]
    path = Path(settings.DATA) / folder
    sha256 = trained.save(path)
    if unseen:
        scores.write_out_of_fold(path, unseen)
    try:
        manifest = jsonable(trained.manifest) | {"notes": notes}
        return Checkpoint.objects.of_run(row, folder=folder, sha256=sha256, manifest=manifest)
    except (LeaseLost, Cancelled):
        shutil.rmtree(path)
        raise


def _evaluate_and_gate(row: TrainingRun, checkpoint: Checkpoint) -> None:
    try:
        frozen = test_sets.current(row.survey, row.workflow.kind)
    except TooLittleGold as error:
        finish_unevaluated(run=row, checkpoint=checkpoint, why=message_of(error))
        return
    for _ in range(ROUNDS):
        try:
            rival = rival_of(checkpoint, champion_of(row.survey, row.role))
            evaluation = evaluate(row, checkpoint, rival, frozen)
        except scores.NoProbabilities as error:
            is_sound = error.checkpoint_id != checkpoint.pk
            finish_unevaluated(run=row, checkpoint=checkpoint, why=message_of(error), is_sound=is_sound)
            return
        with suppress(ChampionChanged):
            apply_gate(
                run=row,
                checkpoint=checkpoint,
                champion=evaluation.champion,
                test_set=frozen,
                metrics=evaluation.metrics,
                result=evaluation.result,
            )
            return
    raise RuntimeError(messages.CHAMPION_CHANGED(times=ROUNDS))
