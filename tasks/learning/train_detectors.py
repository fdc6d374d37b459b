"""Train a survey's detectors: of trails, on volunteers' lines, and of movers, on cubes."""

from collections.abc import Iterator

import numpy as np
from django.conf import settings

from ml.cubes.sampler import Example, injected
from ml.cubes.train_wnet import train_cubes
from ml.cubes.wnet_presets import preset
from ml.data.dataset import BadExamples
from ml.imaging.background import NoPixels
from ml.inference.checkpoint import Checkpoint as Files
from ml.io.mjd import DAY
from ml.roles.detector_scorer import key_of
from ml.storage.pixel_store import PixelStore
from ml.trails.line_marks import Mark
from ml.trails.maps import one_plane
from ml.trails.patch_sampler import Labelled, annotations_of, labelled_image
from ml.trails.train_detector import TrainingSet as Images
from ml.trails.train_detector import train_detector as train_trails
from ml.training.callbacks import OnEpoch
from ml.training.training_state import StateFile
from webapp.archive.models import Frame
from webapp.learning.label_snapshot import Label
from webapp.learning.models import ModelRole, TrainingRun

MOST_PIXELS = 1_000_000_000
"""Maximum pixels in memory, 2 bytes each; beyond it images are sampled."""

EXAMPLES = 96
"""Number of cubes with injected movers, reusing mover-free ones."""

CADENCE = 1800.0
"""Seconds between frames if no frame has a time."""


def train_detector(
    row: TrainingRun, labels: list[Label], base: Files | None, on_epoch: OnEpoch, state: StateFile
) -> Files:
    """Return a detector of the run's role, trained on the labels, or from the state of a killed attempt.

    Raises
    ------
    BadExamples
        They can't be used for training; the message says why and what to do.
    """
    teach = _trails if row.role == ModelRole.TRAIL else _cubes
    trained = teach(row, labels, base, on_epoch, state)
    if row.training_set is not None:
        trained.manifest["training_set"] = row.training_set.hash
    trained.manifest["feature_key"] = key_of(trained)
    return trained


def _trails(row: TrainingRun, labels: list[Label], base: Files | None, on_epoch: OnEpoch, state: StateFile) -> Files:
    images, groups, pixels = [], [], 0
    for label, image in _images(row, labels):
        pixels += image.noise_units.size
        if pixels > MOST_PIXELS:
            break
        images.append(image)
        groups.append(label.object_group)
        row.renew()
    if not any(image.annotations for image in images):
        raise BadExamples(
            "No subject with a yes has a line that counts: the detector learns trails from the lines that volunteers"
            " draw. Let the workflow ask for lines, and wait for some answers."
        )
    data = Images(images, np.array(groups), known=False)
    return train_trails(data, seed=row.seed, minutes=row.minutes, base=base, on_epoch=on_epoch, state=state)


def _images(row: TrainingRun, labels: list[Label]) -> Iterator[tuple[Label, Labelled]]:
    """Yield every frame known to have lines, or none, in an order drawn by the seed."""
    store = PixelStore(settings.PIXELS)
    for number in np.random.default_rng(row.seed).permutation(len(labels)):
        label = labels[number]
        if label.label == "yes" and not label.marks:
            continue
        for place, frame in enumerate(store.get(row.survey.slug, label.array, label.index)):
            marks = [Mark(f"{who:g}", (x1, y1, x2, y2)) for who, on, x1, y1, x2, y2 in label.marks if on == place]
            if label.label == "yes" and not marks:
                continue
            try:
                yield (
                    label,
                    labelled_image(
                        one_plane(frame), annotations_of(marks) if label.label == "yes" else [], label.external_id
                    ),
                )
            except NoPixels:
                continue


def _cubes(row: TrainingRun, labels: list[Label], base: Files | None, on_epoch: OnEpoch, state: StateFile) -> Files:
    """Train from scratch, whatever the base: the recipe is short, and the mover-free cubes differ each time."""
    quiet = [label for label in labels if label.label == "no"]
    if not quiet:
        raise BadExamples(
            "No cube is known to be quiet: the detector learns from movers drawn into cubes in which nothing moves."
            " Wait until volunteers have settled some with a no, or mark some as gold."
        )
    examples = list(_injected(row, quiet))
    return train_cubes(examples, preset("cpu"), seed=row.seed, minutes=row.minutes, on_epoch=on_epoch, state=state)


def _injected(row: TrainingRun, quiet: list[Label]) -> Iterator[Example]:
    store, times = PixelStore(settings.PIXELS), max(2, EXAMPLES // len(quiet))
    order = np.random.default_rng(row.seed).permutation(len(quiet))[:EXAMPLES]
    for number in order:
        label = quiet[number]
        flux = store.get(row.survey.slug, label.array, label.index)[:, 0]
        cadence = _cadence(label.subject_id)
        for copy in range(times if len(quiet) < EXAMPLES else 1):
            name, group = f"{label.external_id}-{copy}", label.object_group or label.external_id
            seed = int(np.random.default_rng([row.seed, label.subject_id, copy]).integers(2**32))
            yield injected(flux, name, group, cadence=cadence, seed=seed)
        row.renew()


def _cadence(subject: int) -> float:
    times = Frame.objects.filter(subject=subject, mjd_mid__isnull=False).order_by("position")
    steps = np.diff(np.array(list(times.values_list("mjd_mid", flat=True)), dtype=np.float64))
    return float(np.median(steps) * DAY) if len(steps) and np.median(steps) > 0 else CADENCE
