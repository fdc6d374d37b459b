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
from ml.training.checkpoint_contents import backbone_tensors, classifier_manifest, continued, head_tensors
from ml.training.finetune_then_probe import features_of, known_or_made, train_tuned
from ml.training.head_training import Heads
from ml.training.presets import Recipe, balanced
from ml.training.schedule import Schedule
from ml.training.tabular_branch import learn_metadata, target_leakage_notes
from ml.training.training_state import StateFile
from ml.training.validator import Validator


def train_stamps(
    examples: Examples,
    recipe: Recipe,
    *,
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    on_epoch: OnEpoch = silent,
    state: StateFile | None = None,
) -> Checkpoint:
    """Train a stamp checkpoint with a preset.

    Parameters
    ----------
    examples
        With pixels (N, F, C, H, W); with `values`, a tabular branch is fitted on the validation set.
    recipe
        Architecture, initial weights, freezing, schedule.
    base
        A checkpoint whose network and preprocessing to start from, whatever the recipe's.
    seed, minutes, on_epoch, state
        As in `ml.roles.train_role.train`.

    Raises
    ------
    BadExamples
        If nothing can be learnt from the examples; the message says why and what to do.
    MissingWeights
        If the ImageNet weights are not found.
    """
    examples.check()
    examples = continued(examples, base)
    limit_torch()
    if examples.values is not None:
        examples.notes.extend(target_leakage_notes(examples))
    start = Scorer(base).backbone if base is not None else recipe.begin(seed)
    weighted = balanced(examples) if recipe.balanced else examples
    weighted = _with_split(weighted) if examples.values is not None else weighted
    frozen = recipe.freeze and not start.preprocessing.adapter
    crossed = frozen and base is None and head_training.can_be_crossed(weighted)
    judged = np.arange(len(weighted)) if crossed else weighted.split()[1]
    examples.notes.extend(Validator(weighted, judged).notes())
    if frozen:
        network, heads, scores = _over_frozen(weighted, start, seed, on_epoch, crossed=crossed)
    else:
        schedule, scores = _network_schedule(recipe), None
        network, heads = train_tuned(
            weighted, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch, state=state
        )
    tensors = backbone_tensors(network, base, frozen=recipe.freeze, packaged=recipe.packaged) | head_tensors(heads)
    init = "scratch" if recipe.architecture == RESIDUAL else recipe.init
    manifest = classifier_manifest(
        "stamp", examples, network, heads, preset=recipe.preset, init=init, base=base, seed=seed
    )
    if examples.values is not None:
        branch, manifest["metrics"] = _branch(weighted, network, heads, scores, seed)
        manifest["metadata"] = list(examples.columns)
        tensors |= {f"metadata.{name}": value for name, value in branch.items()}
    return Checkpoint(manifest, tensors)


def _network_schedule(recipe: Recipe) -> Schedule:
    """Return the recipe's schedule; if it freezes the network, only the input adapter and the head learn."""
    return replace(recipe.schedule, backbone_lr_scale=0.0, probes=False) if recipe.freeze else recipe.schedule


def _with_split(examples: Examples) -> Examples:
    """Return the examples with their validation split fixed, since it is needed twice.

    Raises
    ------
    BadExamples
        If no tabular branch can be fitted on the validation set, since it has only one kind.
    """
    validation = examples.split()[1]
    if not Validator(examples, validation).tells_apart:
        raise BadExamples(
            f"--tabular-features is learnt from what the network has not seen, and these {len(validation)} examples are"
            " of one kind. Add objects of another kind, two or more, or leave --tabular-features out."
        )
    val_mask = np.zeros(len(examples), dtype=bool)
    val_mask[validation] = True
    return replace(examples, val_mask=val_mask)


def _over_frozen(
    examples: Examples, start: Backbone, seed: int, on_epoch: OnEpoch, *, crossed: bool
) -> tuple[Backbone, Heads, Tensor | None]:
    """Fit a head on frozen features; with tabular features, the validation set is left to the branch.

    A network from a checkpoint may have learnt from some of the labels, so its head is not cross-validated.
    """
    features = known_or_made(examples, start)
    crops, refit = start.parts(features.shape[-1]), examples.values is None
    heads, scores = head_training.train_head(
        examples, features, seed=seed, on_epoch=on_epoch, crops=crops, refit=refit, crossed=crossed
    )
    return start, heads, None if refit else scores


def _branch(
    examples: Examples, network: Backbone, heads: Heads, scores: Tensor | None, seed: int
) -> tuple[dict[str, Tensor], dict[str, float]]:
    validation = examples.split()[1]
    if scores is None:
        scores = head_training.log_scores(heads.stamp, features_of(examples, validation, network))
    net, figures = learn_metadata(examples, scores, validation, seed)
    return net.state_dict(), {**figures, "accuracy_of_pixels": heads.metrics["accuracy"]}
