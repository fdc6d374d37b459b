"""Train a trail detector, from labelled images to a checkpoint, top to bottom; and load it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import BadExamples
from ml.data.held_out import TRAIN_ONLY, HeldOut, held_out
from ml.evaluation.metrics.detection_curve import Matched, detection_curve
from ml.imaging.background import MESH, SOFTENING
from ml.inference.checkpoint import BadCheckpoint, Checkpoint, origin
from ml.models.compute import limit_torch
from ml.models.trail import TrailNet, trail_net
from ml.trails.annotation import CLASSES, SKY, TRAIL
from ml.trails.candidate import LEAST, Candidate
from ml.trails.candidate_classifier import CandidateClassifier, answers, fit_classifier
from ml.trails.network_training import RATE, STEPS, train_network
from ml.trails.patch_sampler import SIDE, Labelled
from ml.trails.radon_baseline import ClassicalDetector
from ml.trails.resumable_scan import sweep
from ml.trails.trail_detector import Detector, LearnedDetector
from ml.training.callbacks import OnEpoch, silent
from ml.training.training_state import StateFile

ROLE, ARCHITECTURE, CLASSICAL = "trail", "trail_net", "line_sums"
HELD_OUT = 3  # one group of images in about this many trains the candidate classifier
STEPS_AGAIN, RATE_AGAIN = 600, 1e-3


@dataclass(frozen=True)
class TrainingSet:
    """Training images with annotations.

    Attributes
    ----------
    images
        Each in units of its noise, with annotations.
    groups
        (N,) str: images of one group stay on one side of the split.
    known
        Whether all look-alikes are annotated, not only trails.
    name
        Name of the data in the checkpoint.
    """

    images: Sequence[Labelled]
    groups: NDArray[Any]
    known: bool
    name: str = ""


def train_detector(
    data: TrainingSet,
    *,
    seed: int = 0,
    minutes: float | None = None,
    steps: int | None = None,
    base: Checkpoint | None = None,
    on_epoch: OnEpoch = silent,
    state: StateFile | None = None,
) -> Checkpoint:
    """Train network and candidate classifier, and return them as a checkpoint.

    The network is trained on two groups of images in three, the classifier on the network's candidates in the third.
    The names of the groups decide (`ml.data.held_out`), so that no classifier learns from images that this network or
    one before it, a `base`, was trained on. With no steps the network stays as it is, and the classifier is trained on
    every image.

    Raises BadExamples if no image has a trail, or there are no steps and no network to keep. Raises BadCheckpoint if
    the base has another role.

    Parameters
    ----------
    minutes
        Time limit of the network's part; the classifier takes about 0.3 s per image more.
    steps
        Batches of 8 crops of 256 × 256 pixels: 1200, or 600 from a base; 0 needs a base.
    base
        A checkpoint of this role to start from.
    state
        Where the network's training saves its state after each epoch, from which the same run resumes if it was killed.
    """
    _check(data, steps, base)
    limit_torch()
    net = trail_net(1 + len(CLASSES), seed) if base is None else parts_of(base)[0]
    if steps == 0:
        classifier_rows: NDArray[np.intp] = np.arange(len(data.images))
        run_entries: dict[str, Any] = {TRAIN_ONLY: _train_only(base)}
    else:
        train_rows, classifier_rows, train_only = _split(data, _train_only(base))
        net, compute, notes = train_network(
            net,
            [data.images[row] for row in train_rows],
            seed=seed,
            minutes=minutes,
            steps=steps or (STEPS if base is None else STEPS_AGAIN),
            rate=RATE if base is None else RATE_AGAIN,
            known=data.known or base is None,
            on_epoch=on_epoch,
            state=state,
        )
        run_entries = {"compute": compute.as_manifest(), "notes": notes, TRAIN_ONLY: train_only}
    classifier, metrics = train_candidate_classifier(net, [data.images[row] for row in classifier_rows], seed)
    if classifier is None and base is not None:
        classifier = parts_of(base)[1]
    tensors = {f"trail.{name}": value for name, value in net.state_dict().items()}
    tensors |= {} if classifier is None else {f"look.{name}": value for name, value in classifier.tensors().items()}
    metrics |= {"images": len(data.images), "trails": _trails(data.images), "second_look": classifier is not None}
    return Checkpoint(_manifest(data, seed, base, metrics) | run_entries, tensors)


def train_candidate_classifier(
    net: TrailNet, images: Sequence[Labelled], seed: int
) -> tuple[CandidateClassifier | None, dict[str, Any]]:
    """Return a classifier trained on candidates in images that the network never saw, and its metrics."""
    detector = LearnedDetector(net, threads=1)

    def labelled_candidates(one: Labelled) -> tuple[list[Candidate], NDArray[np.intp]]:
        found = detector.candidates_in(one.noise_units.astype(np.float32))
        return found, answers(found, one.annotations)

    features: list[Any] = []
    label: list[int] = []
    image: list[int] = []
    for number, (_, (found, classes)) in enumerate(sweep(labelled_candidates, images)):
        looked = [n for n, candidate in enumerate(found) if candidate.features is not None]
        features += [found[n].features for n in looked]
        label += classes[looked].tolist()
        image += [number] * len(looked)
    if not features:
        return None, {"candidates": 0}
    known = np.array(label)
    classifier, score = fit_classifier(np.stack(features), known, np.array(image), seed)
    metrics: dict[str, Any] = {"candidates": len(known)}
    if classifier is not None:
        metrics["completeness_at_precision_0.9"] = _completeness(images, known, score)
    return classifier, metrics


def parts_of(checkpoint: Checkpoint) -> tuple[TrailNet, CandidateClassifier | None]:
    """Return the network and the candidate classifier of a checkpoint.

    Raises BadCheckpoint if it has another role, or is a classical one, which has no network.
    """
    manifest = checkpoint.manifest
    if manifest["role"] != ROLE:
        raise BadCheckpoint(f"This checkpoint is of the role {manifest['role']}, not {ROLE}: train one for trails.")
    if manifest["architecture"] != ARCHITECTURE:
        raise BadCheckpoint("This checkpoint is the classical detector, which has no network: name a trained one.")
    net = TrailNet(1 + len(CLASSES))
    net.load_state_dict(checkpoint.part("trail."))
    saved = checkpoint.part("look.")
    if not saved:
        return net.eval(), None
    return net.eval(), CandidateClassifier({name: value.numpy() for name, value in saved.items()})


def _check(data: TrainingSet, steps: int | None, base: Checkpoint | None) -> None:
    """Raise BadExamples if no image has a trail, or there are no steps and no network to keep."""
    if steps == 0 and base is None:
        raise BadExamples("Without steps there is no network: name a trained one with --init, or leave --steps out.")
    if not _trails(data.images):
        raise BadExamples(
            f"None of the {len(data.images)} images holds a trail ({TRAIL}): there is nothing to train on."
            " Add images with trails, or marks on them."
        )


def _split(data: TrainingSet, before: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp], list[str]]:
    """Return the images for the network and for the classifier, and the groups that are `train_only` (`held_out`).

    They are the same with fewer than six groups, or fewer than three images with a trail: all groups are train-only.
    """
    groups = np.asarray(data.groups).astype(str)
    holds = np.array([any(annotation.label == TRAIL for annotation in image.annotations) for image in data.images])
    if len(np.unique(groups)) < 2 * HELD_OUT or holds.sum() < HELD_OUT:
        every = np.arange(len(data.images))
        return every, every, sorted({*before, *groups.tolist()})
    with_trail = np.isin(groups, groups[holds])  # so that all images of a group are of one kind
    split: HeldOut = held_out(groups, with_trail, 1 / HELD_OUT, before)
    return np.flatnonzero(~split.rows), np.flatnonzero(split.rows), list(split.train_only)


def _train_only(base: Checkpoint | None) -> Sequence[str]:
    return () if base is None else base.manifest.get(TRAIN_ONLY, ())


def _completeness(images: Sequence[Labelled], classes: NDArray[np.intp], score: NDArray[np.float64]) -> float:
    """Return the fraction of all trails found at 90 % precision; those that were never candidates are missed."""
    is_trail = classes == 1 + CLASSES.index(TRAIL)
    truth = np.where(is_trail, np.cumsum(is_trail) - 1, -1)
    matched = Matched(score, truth, np.ones(max(_trails(images), int(is_trail.sum()))))
    return detection_curve(matched).at_precision(0.9)[0]


def _trails(images: Sequence[Labelled]) -> int:
    return sum(annotation.label == TRAIL for image in images for annotation in image.annotations)


def _manifest(data: TrainingSet, seed: int, base: Checkpoint | None, metrics: dict[str, Any]) -> dict[str, Any]:
    return trail_manifest(ARCHITECTURE, "learned") | {
        "init": "random" if base is None else base.manifest.get("sha256", "base"),
        "training_set": data.name,
        "examples": len(data.images),
        "seed": seed,
        "metrics": metrics,
    }


def trail_manifest(architecture: str, preset: str) -> dict[str, Any]:
    """Return the manifest common to all checkpoints of this role."""
    return {
        "role": ROLE,
        "classes": [SKY, *CLASSES],
        "positive": [TRAIL],
        "architecture": architecture,
        "init": "none",
        "preset": preset,
        "preprocessing": {"stretch": "asinh_mesh", "mesh": MESH, "softening": SOFTENING, "crop": SIDE},
        "feature_key": "none",
        "training_set": "",
        "seed": 0,
        "metrics": {},
        **origin(),
    }


def detector_of(checkpoint: Checkpoint, *, threads: int | None = None, least: float = LEAST) -> Detector:
    """Return the detector of a checkpoint; `threads` is the number of cores per image.

    `least` is the minimum foreground probability of a cell (`LearnedDetector`); the classical detector has no such
    cells.

    Raises BadCheckpoint if it has another role, or an unknown architecture.
    """
    role, architecture = checkpoint.manifest["role"], checkpoint.manifest["architecture"]
    if role == ROLE and architecture == CLASSICAL:
        return ClassicalDetector()
    if role == ROLE and architecture != ARCHITECTURE:
        raise BadCheckpoint(f"This version does not know the trail detector {architecture!r}. Train one with it.")
    net, classifier = parts_of(checkpoint)
    return LearnedDetector(net, classifier, threads=threads, least=least)
