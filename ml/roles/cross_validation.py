"""K-fold cross-validation by object, when every subject is needed for training."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Examples, grouped_folds
from ml.inference.feature_extractor import default_backbone
from ml.inference.scorer import Scorer
from ml.models.stamp import IMAGENET
from ml.roles.train_role import train
from ml.training.finetune_then_probe import features_of
from ml.training.presets import Recipe
from ml.training.train_stamps import train_stamps


def cross_validate(
    examples: Examples,
    *,
    role: str = "stamp",
    init: str = IMAGENET,
    recipe: Recipe | None = None,
    folds: int = 5,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return p_real (N,) of each subject from a head, or what the recipe trains, trained without its group's fold.

    Training labels may be people's and sometimes wrong; the caller has the truth to compare with.

    Parameters
    ----------
    examples
        With features, or with pixels: the frozen backbone's features are then computed once.
    role, init
        As in `ml.roles.train_role.train`, with its preset "head".
    recipe
        Train stamps with it instead, as the command line does; one that trains a network takes its time for each fold.
    folds, seed
        Number of folds, and the seed of split and training.
    """
    frozen = recipe is None or (recipe.freeze and not recipe.preprocessing.adapter)
    if frozen and examples.features is None:
        backbone = default_backbone(init) if recipe is None else recipe.begin(seed)
        features = features_of(examples, np.arange(len(examples)), backbone)
        examples = replace(examples, features=features, feature_key=backbone.feature_key)
    fold_of = grouped_folds(examples.groups, examples.real() > 0.5, folds, seed)
    p_real = np.empty(len(examples), dtype=np.float32)
    for fold in np.unique(fold_of):
        inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        train_part = examples.take(inside)
        made = (
            train(role, train_part, preset="head", init=init, seed=seed)
            if recipe is None
            else train_stamps(train_part, recipe, seed=seed)
        )
        scorer = Scorer(made)
        p_real[outside] = scorer.p_real(_probabilities(scorer, examples, outside, frozen=frozen))
    return p_real


def _probabilities(scorer: Scorer, examples: Examples, rows: NDArray[np.intp], *, frozen: bool) -> NDArray[np.float32]:
    known = examples.features if frozen else None
    features = features_of(examples, rows, scorer.backbone) if known is None else known[rows]
    return scorer.probabilities_from_features(features, None if examples.tracks is None else examples.tracks.take(rows))
