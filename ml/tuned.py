"""Train a network and then its heads: what the presets "finetune" and "small" do."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ml.backbone import Backbone
from ml.chips import SLAB
from ml.dataset import BadExamples, Examples
from ml.engine import precision_here
from ml.epoch import OnEpoch, silent
from ml.finetune import finetune
from ml.frozen import Heads, Told, best_head, log_scores
from ml.glance import Glance, glancing, quicker, trial
from ml.head import LinearHead
from ml.judge import Judge
from ml.precision import Precision
from ml.precision import trial as precision_trial
from ml.schedule import Schedule

LEAST = 16  # subjects, below which a network learns nothing that a head would not


def train_tuned(
    examples: Examples,
    start: Backbone,
    schedule: Schedule,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
    precision: str = "auto",
    glances: bool = True,
) -> tuple[Backbone, Heads]:
    """Train the whole network of `start` on pixels, then cool its head, and try what makes it quicker.

    That is bf16 unless `precision` is "f32", and a glance if `glances`.

    Where the network knows something already, it begins with a head fitted on its frozen features: a fresh head would
    first tear them apart (Kumar et al. 2022, arXiv:2202.10054). It learns from one look at each stamp.
    """
    if start.preprocessing.looks > 1 or start.preprocessing.rings:
        start = Backbone(start.network, replace(start.preprocessing, closer=None, rings=False))
    if len(examples) < LEAST:
        raise BadExamples(
            f"There are only {len(examples)} examples; a network needs {LEAST} or more. Label more, or use preset head."
        )
    train, validation = examples.split(seed=seed)
    rows = train, np.random.default_rng(seed).permutation(validation)
    head = _probe(examples, start, train, validation, seed) if schedule.probes else None
    network, linear = finetune(examples, start, head, rows, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch)
    tuned = Backbone(network, start.preprocessing)
    judge = Judge(examples, validation)
    scores = log_scores(linear, features_of(examples, validation, tuned))
    temperature = judge.temperature(scores)
    head, cooled = linear.cooled(temperature), (scores / temperature).log_softmax(-1)
    sixteen_bits = precision != "f32"
    if sixteen_bits and precision_here("bf16", tuned.device, tuned.engine) == "bf16":
        tuned = _tried(examples, tuned, head, judge, cooled)
    enough = glance_for(examples, tuned, head, judge, cooled, sixteen_bits=sixteen_bits) if glances else None
    return tuned, Heads(head, None, judge.stamp(cooled)[1], enough)


def _tried(examples: Examples, tuned: Backbone, head: LinearHead, judge: Judge, exact: Tensor) -> Backbone:
    """Return the network with the precision that it has earned on the validation rows."""
    rounded = Backbone(tuned.network, tuned.preprocessing, precision=Precision("bf16"))
    scores = log_scores(head, features_of(examples, judge.rows, rounded))
    found = precision_trial(judge, exact, scores)
    return Backbone(tuned.network, tuned.preprocessing, precision=found)


def glance_for(
    examples: Examples, seen: Backbone, head: LinearHead, judge: Judge, exact: Tensor, *, sixteen_bits: bool
) -> Glance | None:
    """Return when a glance is enough for a network, by the validation rows; None if never, or if none is quicker."""
    way = quicker(seen, sixteen_bits=sixteen_bits)
    if way is None:
        return None
    return trial(judge, exact, log_scores(head, features_of(examples, judge.rows, glancing(seen, *way[:2]))), way)


def _probe(
    examples: Examples, start: Backbone, train: NDArray[np.intp], validation: NDArray[np.intp], seed: int
) -> LinearHead:
    """Fit a head on the frozen features of the training rows alone."""
    features = examples.features
    if features is None or examples.feature_key != start.feature_key:
        features = features_of(examples, np.arange(len(examples)), start)
    judge = Judge(examples, validation)
    best = best_head(examples, features, train, judge, seed=seed, told=Told(silent, 1))
    return best.stamp.cooled(best.temperature)


def features_of(examples: Examples, rows: NDArray[np.intp], backbone: Backbone) -> NDArray[np.float16]:
    """Return features (n, F, D) of some subjects, read from their pixels a slab at a time."""
    slabs = [rows[first : first + SLAB] for first in range(0, len(rows), SLAB)]
    return np.concatenate([backbone.features(np.asarray(examples.pixels[slab])) for slab in slabs])


def known_or_made(examples: Examples, backbone: Backbone) -> NDArray[Any]:
    """Return features (n, F, D) of all subjects: those at hand if this backbone made them, else from their pixels.

    Raises
    ------
    BadExamples
        If there are none of this backbone's, and no pixels either.
    """
    known = examples.features
    if known is not None and (not examples.feature_key or examples.feature_key == backbone.feature_key):
        return known
    if examples.pixels is not None:
        return features_of(examples, np.arange(len(examples)), backbone)
    if known is None:
        raise BadExamples("The examples have neither features nor pixels: there is nothing to look at.")
    raise BadExamples(
        f"The features at hand are {examples.feature_key}, but this model starts from {backbone.feature_key}."
        " Score the subjects with that backbone first."
    )
