"""Fine-tune a network, then fit a linear head on its features: presets "finetune", "fixmatch" and "small"."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import BadExamples, Examples
from ml.data.tensors import SLAB
from ml.inference.feature_extractor import Backbone
from ml.training.callbacks import OnEpoch, silent
from ml.training.finetune import finetune
from ml.training.fixmatch import pool_frames
from ml.training.head_training import EpochReporter, Heads, best_head, can_be_crossed, log_scores, train_head
from ml.training.linear_probe import LinearHead
from ml.training.schedule import Schedule
from ml.training.training_state import StateFile
from ml.training.validator import Validator

LEAST = 16  # minimum number of subjects; with fewer, a head does as well


def train_tuned(
    examples: Examples,
    start: Backbone,
    schedule: Schedule,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
    state: StateFile | None = None,
) -> tuple[Backbone, Heads]:
    """Train the whole network of `start` on pixels, then calibrate its head.

    A pretrained network starts with a head fitted on its frozen features: a random head would first distort them (Kumar
    et al. 2022, arXiv:2202.10054). It is trained on a single view of each stamp.
    """
    if start.preprocessing.crops > 1 or start.preprocessing.annulus_photometry:
        start = Backbone(start.network, replace(start.preprocessing, center_crop=None, annulus_photometry=False))
    if len(examples) < LEAST:
        raise BadExamples(
            f"Only {len(examples)} examples; a network needs {LEAST} or more. Label more or use --preset head."
        )
    train, validation = examples.split()
    rows = train, np.random.default_rng(seed).permutation(validation)
    pool = pool_frames(examples, validation, start.preprocessing) if schedule.unlabelled else None
    fit = _probe if pool is None else _cautious_probe
    probe = partial(fit, examples, start, train, validation, seed) if schedule.probes else None
    network, linear, compute = finetune(
        examples, start, probe, rows, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch, state=state, pool=pool
    )
    tuned = Backbone(network, start.preprocessing)
    judge = Validator(examples, validation)
    scores = log_scores(linear, features_of(examples, validation, tuned))
    temperature = judge.temperature(scores)
    temperature_scaled = (scores / temperature).log_softmax(-1)
    metrics, unlabelled = judge.stamp(temperature_scaled)[1], 0 if pool is None else len(pool)
    return tuned, Heads(linear.temperature_scaled(temperature), None, metrics, compute, unlabelled)


def _probe(
    examples: Examples, start: Backbone, train: NDArray[np.intp], validation: NDArray[np.intp], seed: int
) -> LinearHead:
    """Fit a head on the frozen features of the training rows only."""
    features, judge = _own_features(examples, start), Validator(examples, validation)
    best = best_head(examples, features, train, judge, seed=seed, epochs=EpochReporter(silent, 1))
    return best.stamp.temperature_scaled(best.temperature)


def _cautious_probe(
    examples: Examples, start: Backbone, train: NDArray[np.intp], validation: NDArray[np.intp], seed: int
) -> LinearHead:
    """Fit such a head whose temperature, with few labels, is from five folds, and no lower than validation allows.

    FixMatch believes what it is certain of, and a temperature from a fifth of few labels often makes all certain.
    """
    part = examples.take(train)
    if not can_be_crossed(part):
        return _probe(examples, start, train, validation, seed)
    features = _own_features(examples, start)
    stamp = train_head(part, features[train], seed=seed, on_epoch=silent, crossed=True)[0].stamp
    needed = Validator(examples, validation).temperature(log_scores(stamp, features[validation]))
    return stamp.temperature_scaled(max(1.0, needed))


def _own_features(examples: Examples, start: Backbone) -> NDArray[np.float16]:
    """Return the features (N, F, D) of this network, stored or made."""
    if examples.features is None or examples.feature_key != start.feature_key:
        return features_of(examples, np.arange(len(examples)), start)
    return examples.features


def features_of(examples: Examples, rows: NDArray[np.intp], backbone: Backbone) -> NDArray[np.float16]:
    """Return features (n, F, D) of some subjects, from their pixels, in blocks."""
    slabs = [rows[first : first + SLAB] for first in range(0, len(rows), SLAB)]
    return np.concatenate([backbone.features(np.asarray(examples.pixels[slab])) for slab in slabs])


def known_or_made(examples: Examples, backbone: Backbone) -> NDArray[Any]:
    """Return features (n, F, D) of all subjects: stored ones if this backbone made them, else from their pixels.

    Raises
    ------
    BadExamples
        If there are neither features of this backbone nor pixels.
    """
    known = examples.features
    if known is not None and (not examples.feature_key or examples.feature_key == backbone.feature_key):
        return known
    if examples.pixels is not None:
        return features_of(examples, np.arange(len(examples)), backbone)
    if known is None:
        raise BadExamples("The examples have neither features nor pixels.")
    raise BadExamples(
        f"The stored features are {examples.feature_key}, but this model starts from {backbone.feature_key}."
        " Score the subjects with that backbone first."
    )
