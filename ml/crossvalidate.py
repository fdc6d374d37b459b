"""How good a model is on subjects it has not seen, when all of them are needed for training."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ml.dataset import Examples, grouped_folds
from ml.score import Scorer, default_backbone
from ml.train import train
from ml.tuned import features_of


def cross_validate(examples: Examples, *, role: str = "stamp", folds: int = 5, seed: int = 0) -> NDArray[np.float32]:
    """Return p_real (N,) of each subject from a head that was trained without its group's fold.

    The labels that train may be people's, wrong here and there; what the result is compared with is the caller's truth.

    Parameters
    ----------
    examples
        With features, or with pixels, whose features of the frozen backbone are then computed once.
    role
        "stamp" or "tracklet", as in `ml.train.train`, with the preset "head".
    folds, seed
        How many parts, and the seed of the split and of the trainings.
    """
    if examples.features is None:
        backbone = default_backbone()
        features = features_of(examples, np.arange(len(examples)), backbone)
        examples = replace(examples, features=features, feature_key=backbone.feature_key)
    assert examples.features is not None  # noqa: S101 - for the type checker: set just above
    fold_of = grouped_folds(examples.groups, examples.real() > 0.5, folds, seed)
    p_real = np.empty(len(examples), dtype=np.float32)
    for fold in range(folds):
        scorer = Scorer(train(role, examples.take(np.flatnonzero(fold_of != fold)), seed=seed))
        outside = fold_of == fold
        p_real[outside] = scorer.p_real(scorer.probabilities_from_features(examples.features[outside]))
    return p_real
