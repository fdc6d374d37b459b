"""Train a stamp classifier, from labelled examples to a checkpoint, top to bottom."""

from dataclasses import replace

import numpy as np
from torch import Tensor

from ml.data.dataset import BadExamples, Examples
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import Backbone
from ml.inference.scorer import Scorer
from ml.models.compute import limit_torch
from ml.models.stamp import RESIDUAL
from ml.training import head_training
from ml.training.callbacks import OnEpoch, silent
from ml.training.checkpoint_contents import backbone_tensors, head_tensors, manifest_of
from ml.training.finetune_then_probe import features_of, known_or_made, train_tuned
from ml.training.head_training import Heads
from ml.training.presets import Recipe, balanced
from ml.training.tabular_branch import learn_metadata, target_leakage_notes
from ml.training.validation import Validator


def train_stamps(
    examples: Examples,
    recipe: Recipe,
    *,
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    on_epoch: OnEpoch = silent,
) -> Checkpoint:
    """Train a stamp checkpoint with a preset.

    Parameters
    ----------
    examples
        With pixels (N, F, C, H, W); with `values`, a tabular branch is fitted on the validation set.
    recipe
        What to do.
    base
        A checkpoint whose network and preprocessing to start from, overriding the preset's.
    seed, minutes, on_epoch
        As in `ml.roles.train.train`.

    Raises
    ------
    BadExamples
        If the examples can't be used for training; the message says why and what to do.
    MissingWeights
        If the ImageNet weights are not found.
    """
    examples.check()
    limit_torch()
    if examples.values is not None:
        examples.notes.extend(target_leakage_notes(examples))
    start = Scorer(base).backbone if base is not None else recipe.begin(seed)
    learnt = balanced(examples) if recipe.balanced else examples
    learnt = _with_split(learnt, seed) if examples.values is not None else learnt
    examples.notes.extend(Validator(learnt, learnt.split(seed=seed)[1]).notes())
    if recipe.freeze and not start.preprocessing.adapter:
        network, heads, scores = _over_frozen(learnt, start, recipe, seed, on_epoch)
    else:
        schedule = replace(recipe.schedule, backbone_lr_scale=0.0, probes=False) if recipe.freeze else recipe.schedule
        network, heads = train_tuned(
            learnt,
            start,
            schedule,
            seed=seed,
            minutes=minutes,
            on_epoch=on_epoch,
        )
        scores = None
    tensors = backbone_tensors(network, base, frozen=recipe.freeze, packaged=recipe.packaged) | head_tensors(heads)
    init = "scratch" if recipe.architecture == RESIDUAL else recipe.init
    manifest = manifest_of("stamp", examples, network, heads, preset=recipe.preset, init=init, base=base, seed=seed)
    if examples.values is not None:
        branch, manifest["metrics"] = _branch(learnt, network, heads, scores, seed)
        manifest["metadata"] = list(examples.columns)
        tensors |= {f"metadata.{name}": value for name, value in branch.items()}
    return Checkpoint(manifest, tensors)


def _with_split(examples: Examples, seed: int) -> Examples:
    """Return the examples with their validation split fixed, since it is needed twice.

    Raises
    ------
    BadExamples
        If no tabular branch can be fitted on the validation set, since it has only one kind.
    """
    validation = examples.split(seed=seed)[1]
    if not Validator(examples, validation).tells_apart:
        raise BadExamples(
            f"--tabular-features is learnt from what the network has not seen, and these {len(validation)} examples are"
            " of one kind. Add objects of another kind, two or more, or leave --tabular-features out."
        )
    held = np.zeros(len(examples), dtype=bool)
    held[validation] = True
    return replace(examples, held=held)


def _over_frozen(
    examples: Examples, start: Backbone, recipe: Recipe, seed: int, on_epoch: OnEpoch
) -> tuple[Backbone, Heads, Tensor | None]:
    """Fit a head on frozen features; with tabular features, the validation set is left to the branch."""
    features = known_or_made(examples, start)
    crops = start.parts(features.shape[-1])
    if examples.values is None:
        heads = head_training.train_head(examples, features, seed=seed, on_epoch=on_epoch, crops=crops)
        return start, heads, None
    train, validation = examples.split(seed=seed)
    judge, told = Validator(examples, validation), head_training.EpochReporter(on_epoch, head_training.HEAD_EPOCHS)
    best = head_training.best_head(examples, features, train, judge, seed=seed, told=told, crops=crops)
    heads = Heads(best.stamp.temperature_scaled(best.temperature), None, judge.stamp(best.scores)[1])
    return start, heads, best.scores


def _branch(
    examples: Examples, network: Backbone, heads: Heads, scores: Tensor | None, seed: int
) -> tuple[dict[str, Tensor], dict[str, float]]:
    validation = examples.split(seed=seed)[1]
    if scores is None:
        scores = head_training.log_scores(heads.stamp, features_of(examples, validation, network))
    net, figures = learn_metadata(examples, scores, validation, seed)
    return net.state_dict(), {**figures, "accuracy_of_pixels": heads.metrics["accuracy"]}
