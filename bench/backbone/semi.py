"""FixMatch against a head on frozen features: few labels of a simulated sky, and the rest of it unlabelled."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.backbone.curve import accuracy_of, auc_of, draw_labels, probabilities, with_features
from ml.data.dataset import Examples
from ml.data.unlabelled import Unlabelled
from ml.inference.feature_extractor import Backbone
from ml.models.sky_net import SKY
from ml.training.callbacks import silent
from ml.training.finetune_then_probe import features_of, train_tuned
from ml.training.head_training import log_scores
from ml.training.presets import FIXMATCH, channels_of, preset_recipe
from ml.training.schedule import Schedule

LABELS = (50, 200)
SCORES = {"auc": auc_of, "accuracy": accuracy_of}


def semi_figures(
    learn: Examples, judge: Examples, backbone: Backbone, seeds: range, steps: int | None
) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """Yield AUC and accuracy by number of labels, one of each seed: of the head, after FixMatch, and what it gained.

    Both learn from the same labels; all of `learn` is FixMatch's pool.

    Parameters
    ----------
    backbone
        That of the head, and where FixMatch begins.
    steps
        Of FixMatch; None for the preset's.
    """
    learnt, judged = (with_features(examples, backbone) for examples in (learn, judge))
    learnt.unlabelled = Unlabelled(np.arange(len(learn)).astype(str), learn.groups, learn.pixels)
    for labels in LABELS:
        head: dict[str, list[float]] = {score: [] for score in SCORES}
        matched: dict[str, list[float]] = {score: [] for score in SCORES}
        for seed in seeds:
            known = learnt.take(np.flatnonzero(draw_labels(learnt, labels, seed)))
            before, after = _of_head(known, judged, backbone, seed), _of_fixmatch(known, judged, backbone, seed, steps)
            for score, measure in SCORES.items():
                head[score].append(measure(before, judged))
                matched[score].append(measure(after, judged))
        yield f"{labels}, head", head
        yield f"{labels}, fixmatch", matched
        yield f"{labels}, gain", {score: (np.subtract(matched[score], head[score])).tolist() for score in SCORES}


def _of_head(known: Examples, asked: Examples, backbone: Backbone, seed: int) -> NDArray[np.float32]:
    assert known.features is not None
    return probabilities(known, asked, backbone.parts(known.features.shape[-1]), seed)


def _of_fixmatch(
    known: Examples, asked: Examples, backbone: Backbone, seed: int, steps: int | None
) -> NDArray[np.float32]:
    schedule = _shortened(preset_recipe(FIXMATCH, SKY, channels_of(known)).schedule, steps)
    tuned, heads = train_tuned(known, backbone, schedule, seed=seed, minutes=None, on_epoch=silent)
    features: Any = features_of(asked, np.arange(len(asked)), tuned)
    return log_scores(heads.stamp, features)[:, 0].exp().numpy()


def _shortened(schedule: Schedule, steps: int | None) -> Schedule:
    if steps is None:
        return schedule
    views = steps * schedule.batch
    return replace(schedule, views=views, fewest=views, rounds=min(schedule.rounds, steps))
