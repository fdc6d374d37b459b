"""Two-stage training: a network that classifies stamps, and one that classifies tracklets from their scores.

Rabeendran & Denneau 2021, section 3.2. The second network is trained on scores of stamps that the first one has not
seen: scores on training stamps are overconfident, and a network trained on them would trust them too much.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml.data.dataset import BadExamples, Examples, grouped_folds
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import Backbone
from ml.inference.tracklet_net import PAPER, SET, TrainedTrackletNet, track_features
from ml.models.paper_mlp import DETECTIONS
from ml.models.stamp import PRETRAINED
from ml.tracklets import tracklet_fit
from ml.tracklets.threshold import choose_threshold
from ml.tracklets.tracklet_fit import Inputs
from ml.tracklets.tracklet_stamps import TrackletStamps
from ml.training.calibration import fit_noisy_platt
from ml.training.callbacks import OnEpoch, silent
from ml.training.finetune_then_probe import features_of, train_tuned
from ml.training.head_training import HEAD_EPOCHS, EpochReporter, Heads, best_head, log_scores, regression
from ml.training.linear_probe import LinearHead
from ml.training.schedule import Schedule
from ml.training.training_state import StateFile
from ml.training.validator import Validator

FOLDS = 3
COMPLETENESS = 0.996  # as in Rabeendran & Denneau 2021
PAPER_THRESHOLD = 0.8
ENOUGH = 150  # number of tracklets from which a small network beats a head on the frozen one
GIVEN = "given"
PRESETS = (SET, PAPER, "head", "finetune", "small")


@dataclass(frozen=True)
class TrackletRecipe:
    """Origin of the stamp network ("given", "head", "finetune" or "small"), and the tracklet network ("set", "paper").

    The latter keeps `completeness` of the real validation tracklets, or has the paper's threshold.
    """

    stamp_net: str
    net: str
    completeness: float = COMPLETENESS


def tracklet_recipe(
    preset: str, init: str, base: Checkpoint | None, examples: Examples, completeness: float = COMPLETENESS
) -> TrackletRecipe:
    """Resolve a preset.

    "set" (ours) and "paper" are tracklet networks, trained on the stamp scores of a given checkpoint, unchanged;
    without one a stamp network is trained on the tracklets, a small one if there are enough. "head", "finetune" and
    "small" say how the stamp network is trained, with our tracklet network on top.
    """
    if preset not in (SET, PAPER):
        return TrackletRecipe(preset, SET, completeness)
    if base is not None:
        return TrackletRecipe(GIVEN, preset, completeness)
    if init not in PRETRAINED:
        return TrackletRecipe("finetune", preset, completeness)
    small = examples.pixels is not None and len(examples) >= ENOUGH
    return TrackletRecipe("small" if small else "head", preset, completeness)


def on_features(
    examples: Examples,
    stamps: TrackletStamps,
    recipe: TrackletRecipe,
    base: Checkpoint | None,
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> tuple[LinearHead, TrainedTrackletNet]:
    """Train on stored features: a head for the stamps, out of fold, or the given one; then the tracklet network."""
    epochs = EpochReporter(on_epoch, HEAD_EPOCHS + tracklet_fit.EPOCHS)
    if recipe.stamp_net == GIVEN and base is not None:
        head = _given(examples, base)
        scores = _scores(head, stamps, np.arange(len(stamps.owner)))
    else:
        head, scores = _heads(examples, stamps, seed, epochs)
    rows = np.arange(len(examples))
    return head, fit_tracklet_net(
        _inputs(examples, stamps, scores, rows), examples, rows, recipe, seed=seed, epochs=epochs
    )


def on_pixels(
    examples: Examples,
    stamps: TrackletStamps,
    recipe: TrackletRecipe,
    start: Backbone,
    schedule: Schedule,
    *,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
    state: StateFile | None = None,
) -> tuple[Backbone, Heads]:
    """Train a whole network on the stamps of seven tracklets in ten, and the tracklet network on the others.

    These others also validate the first network: its best epoch and its temperature are theirs.

    Raises BadExamples if one of the two would be trained on one kind only.
    """
    train_rows, rows = examples.split(0.3)
    if not Validator(examples, rows).tells_apart:
        raise BadExamples(
            f"The tracklet network is trained on three examples in ten, but these {len(rows)} are of one kind."
            " Add tracklets of other objects of the other kind, two or more."
        )
    stamp_examples = stamps_to_learn(stamps, train_rows, rows)
    examples.notes.extend(Validator(stamp_examples, stamp_examples.split()[1]).notes())
    tuned, heads = train_tuned(
        stamp_examples, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch, state=state
    )
    examples.notes.extend(note for note in stamp_examples.notes if note not in examples.notes)
    val_stamps, scores = stamps.of(rows), torch.zeros(len(stamps.owner), len(examples.classes))
    features = features_of(stamps.examples, val_stamps, tuned)
    scores[torch.from_numpy(val_stamps)] = log_scores(heads.stamp, features)[:, 0]
    inputs = _inputs(examples, stamps, scores, rows)
    tracklet_net = fit_tracklet_net(inputs, examples, rows, recipe, seed=seed, epochs=EpochReporter(silent, 0))
    return tuned, Heads(heads.stamp, tracklet_net, tracklet_net.metrics, heads.compute)


def stamps_to_learn(stamps: TrackletStamps, train: NDArray[np.intp], validation: NDArray[np.intp]) -> Examples:
    """Return the stamps of some tracklets to train a network on, and of others to validate it.

    Raises BadExamples if the first are of one kind.
    """
    learnt, judged = _labelled_stamps(stamps, train), stamps.labelled_stamps(validation)
    found = stamps.examples.take(np.concatenate([learnt, judged]))
    return replace(found, val_mask=np.arange(len(found)) >= len(learnt))


def fit_tracklet_net(
    inputs: Inputs,
    examples: Examples,
    rows: NDArray[np.intp],
    recipe: TrackletRecipe,
    *,
    seed: int,
    epochs: EpochReporter,
) -> TrainedTrackletNet:
    """Fit the tracklet network on tracklets with out-of-sample stamp scores.

    Parameters
    ----------
    inputs
        Of the `rows` of `examples`.
    recipe
        Ours is fitted on all of them; its probabilities and its threshold come from networks fitted without the
        tracklet's fold. The paper's is fitted on four in five and validated on the fifth.
    seed, epochs
        Seed of folds and weights; callback after every epoch of the first fit.
    """
    validator, groups, kinds = Validator(examples, rows), examples.groups[rows], inputs.real.numpy() > 0.5
    if recipe.net == PAPER:
        return _paper(inputs, validator, examples, grouped_folds(groups, kinds, 5, seed), seed, epochs)
    folds, positive = grouped_folds(groups, kinds, FOLDS, seed), examples.positive_index
    logits = torch.zeros(len(inputs))
    for fold in np.unique(folds):
        outside = np.flatnonzero(folds == fold)
        val_inputs = inputs.take(outside)
        report = epochs.of_tracklets(
            tracklet_fit.EPOCHS, _validate_tracklets(Validator(examples, rows[outside]), val_inputs)
        )
        inside = inputs.take(np.flatnonzero(folds != fold))
        net = tracklet_fit.fit_set(inside, positive, seed=seed, report=report if fold == 0 else None)
        logits[torch.from_numpy(outside)] = val_inputs.logits(net)
    whole = tracklet_fit.fit_set(inputs, positive, seed=seed)
    fitted = fit_noisy_platt(logits.numpy(), kinds, examples.certainty()[rows])
    whole.platt.copy_(torch.tensor([fitted.scale, fitted.shift]))
    held_out = whole.platt[0] * logits + whole.platt[1]
    threshold = choose_threshold(torch.sigmoid(held_out).numpy(), fitted.real, recipe.completeness)
    return TrainedTrackletNet(SET, whole, threshold, recipe.completeness, validator.tracklet(held_out)[1])


def _paper(
    inputs: Inputs, validator: Validator, examples: Examples, folds: NDArray[np.intp], seed: int, epochs: EpochReporter
) -> TrainedTrackletNet:
    if (inputs.present.sum(1) != DETECTIONS).any():
        examples.notes.append(
            f"The paper's network reads exactly {DETECTIONS} detections: of longer tracklets it saw the first"
            f" {DETECTIONS}, and shorter ones lent the mean of their scores for what is missing."
            " Preset set reads all of them."
        )
    rows = np.flatnonzero(folds == 0)
    val_inputs, held_out = inputs.take(rows), Validator(examples, validator.rows[rows])
    report = epochs.of_tracklets(tracklet_fit.PAPER_EPOCHS, _validate_tracklets(held_out, val_inputs))
    net = tracklet_fit.fit_paper(inputs.take(np.flatnonzero(folds != 0)), val_inputs, seed=seed, report=report)
    return TrainedTrackletNet(PAPER, net, PAPER_THRESHOLD, None, held_out.tracklet(val_inputs.logits(net))[1])


def _validate_tracklets(validator: Validator, val_inputs: Inputs) -> Any:
    def validate(net: nn.Module) -> Any:
        return validator.tracklet(val_inputs.logits(net))

    return validate


def _heads(examples: Examples, stamps: TrackletStamps, seed: int, epochs: EpochReporter) -> tuple[LinearHead, Tensor]:
    """Return a head fitted on all stamps, and out-of-fold log scores (M, K) of every stamp."""
    train_rows, val_rows = examples.split()
    validator = Validator(stamps.examples, _labelled_stamps(stamps, val_rows))
    first = best_head(
        stamps.examples, _features(stamps), _labelled_stamps(stamps, train_rows), validator, seed=seed, epochs=epochs
    )
    scores = torch.zeros(len(stamps.owner), len(examples.classes))
    folds = grouped_folds(examples.groups[train_rows], examples.real()[train_rows] > 0.5, FOLDS, seed)
    for fold in np.unique(folds):
        inside, outside = _labelled_stamps(stamps, train_rows[folds != fold]), stamps.of(train_rows[folds == fold])
        head = regression(stamps.examples, _features(stamps), inside, seed).fit(first.ridge)
        scores[torch.from_numpy(outside)] = _scores(head.temperature_scaled(first.temperature), stamps, outside)
    held_out = stamps.of(val_rows)
    scores[torch.from_numpy(held_out)] = _scores(first.stamp.temperature_scaled(first.temperature), stamps, held_out)
    every = _labelled_stamps(stamps, np.arange(len(examples)))
    whole = regression(stamps.examples, _features(stamps), every, seed).fit(first.ridge, start=first.stamp)
    return whole.temperature_scaled(first.temperature), scores


def _given(examples: Examples, base: Checkpoint) -> LinearHead:
    if list(examples.classes) != list(base.manifest["classes"]):
        raise BadExamples(
            f"The checkpoint classifies stamps as {', '.join(base.manifest['classes'])}, but the examples are of"
            f" {', '.join(examples.classes)}. Give the examples the checkpoint's classes, or use preset head."
        )
    if base.manifest.get("metadata"):
        raise BadExamples(
            f"The checkpoint reads {', '.join(base.manifest['metadata'])} beside the pixels, which single stamps of a"
            " tracklet do not have. Use a stamp checkpoint that was trained on pixels only."
        )
    stamp = base.part("stamp.")
    return LinearHead(stamp["weight"].float(), stamp["bias"].float())


def _labelled_stamps(stamps: TrackletStamps, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the stamps that train a stamp network.

    Raises BadExamples if all of them are real, or all bogus.
    """
    found = stamps.labelled_stamps(rows)
    real = stamps.examples.real()[found]
    if not (real > 0.5).any() or not (real < 0.5).any():
        raise BadExamples(
            "The labels say too little about single stamps: among those that can train a network, all are"
            " of one kind. Add tracklets of the other kind, or give a stamp checkpoint with --init."
        )
    return found


def _features(stamps: TrackletStamps) -> NDArray[Any]:
    features = stamps.examples.features
    if features is None:
        raise ValueError("The stamps' features must be computed first.")
    return features


def _scores(head: LinearHead, stamps: TrackletStamps, which: NDArray[np.intp]) -> Tensor:
    return log_scores(head, _features(stamps)[which])[:, 0]


def _inputs(examples: Examples, stamps: TrackletStamps, scores: Tensor, rows: NDArray[np.intp]) -> Inputs:
    tracks = stamps.tracks.take(rows)
    return Inputs(
        stamps.together(scores)[torch.from_numpy(rows)],
        torch.from_numpy(tracks.present),
        track_features(tracks),
        torch.from_numpy(examples.real()[rows]),
        torch.from_numpy(examples.weights[rows]).float(),
    )
