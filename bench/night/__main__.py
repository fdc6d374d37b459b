"""AUC of frozen networks on the asteroids of one real ZTF night, by view of the stamps.

Uses only the packets' pixels. Figures are AUCs of known asteroids (within 5″) against everything else, each by five
folds of objects that the model has not seen; folds and splits are redrawn for each seed.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.night.examples import night
from ml.data.dataset import Examples
from ml.data.preprocessing import FROZEN, Preprocessing
from ml.evaluation.metrics.ranking import roc_auc
from ml.roles.cross_validation import cross_validate
from ml.training.finetune_then_probe import features_of
from ml.training.presets import Recipe

MIDDLE = 24
LOOKS: dict[str, Preprocessing] = {
    "whole": FROZEN,
    "middle": replace(FROZEN, crop=MIDDLE),
    "whole and middle": replace(FROZEN, center_crop=MIDDLE),
    "whole, middle and rings": replace(FROZEN, center_crop=MIDDLE, annulus_photometry=True),
}


def aucs(examples: Examples, preprocessing: Preprocessing, seeds: range) -> list[float]:
    """Return the cross-validated AUC for each seed; features are computed once."""
    recipe = Recipe("head", preprocessing=preprocessing, freeze=True)
    backbone = recipe.begin(0)
    known = features_of(examples, np.arange(len(examples)), backbone)
    given = replace(examples, features=known, feature_key=backbone.feature_key)
    truth = examples.real() > 0.5
    return [roc_auc(truth, cross_validate(given, recipe=recipe, seed=seed)) for seed in seeds]


def rows(examples: Examples, crops: list[str], tta: list[int], seeds: range) -> Iterator[dict[str, Any]]:
    for name in crops:
        for number in tta:
            found = aucs(examples, replace(LOOKS[name], tta=number), seeds)
            yield {
                "look": name,
                "tta": number,
                "mean": round(float(np.mean(found)), 4),
                "scatter": round(float(np.std(found, ddof=1)), 4),
                "aucs": [round(auc, 4) for auc in found],
            }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of alert packets")
    parser.add_argument("--look", choices=LOOKS, action="append", help="a view; repeat for more, by default all")
    parser.add_argument("--tta", type=int, choices=(1, 8), action="append", help="by default both")
    parser.add_argument("--seeds", type=int, default=10, help="number of seeds, 2 or more")
    args = parser.parse_args()
    examples = night(args.folder)
    for row in rows(examples, args.look or list(LOOKS), args.tta or [1, 8], range(args.seeds)):
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
