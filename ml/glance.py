"""A glance at a stamp: a quicker look at it, and a thorough one only where its answer is not plain after that.

A glance is two of a network's eight turns, or the network in bfloat16 where it is to be computed in 32 bits, or both.
Most stamps get the same answer from it. What is not plain yet is looked at as the network should be, so that most of
the time is spent where it changes an answer (Wang et al. 2018, UAI, IDK Cascades, arXiv:1706.00885).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.backbone import Backbone
from ml.engine import PRECISIONS, precision_here
from ml.judge import Judge
from ml.precision import Precision
from ml.precision import of_manifest as precision_of
from ml.unchanged import changes

TURNS = 2  # the stamp and its mirror image
FEWEST = 2 * TURNS  # turns of a network, below which leaving some out saves little
SAFETY = 1.5  # times the largest margin of a validation subject that answers otherwise after a thorough look
LEAST_MARGIN = 0.5
MOST_UNSURE = 0.5  # share of the stamps that go on; with more, a glance saves less than two fifths of the time


@dataclass(frozen=True)
class Glance:
    """How to glance, and when that is enough.

    Parameters
    ----------
    turns, precision
        Of a glance.
    engine
        That it was tried with: "openvino" or "torch". They round differently, so that bfloat16 of the one says nothing
        of the other's.
    margin
        By how much the log probability of the likeliest class must be above the next one's.
    measured
        By `trial`.
    """

    turns: int
    precision: str
    engine: str
    margin: float
    measured: dict[str, Any] = field(default_factory=dict)

    def unsure(self, log_scores: Tensor) -> NDArray[np.bool_]:
        """Return which stamps with log probabilities (..., K) must be looked at thoroughly; those with NaN must."""
        found: NDArray[np.bool_] = (~(margins(log_scores) >= self.margin)).numpy()
        return found

    def as_manifest(self) -> dict[str, Any]:
        """Return what a checkpoint's manifest keeps under "glance"."""
        said = {"turns": self.turns, "precision": self.precision, "engine": self.engine, "margin": self.margin}
        return {**said, **self.measured}


class Glancing:
    """A backbone that glances first.

    Parameters
    ----------
    backbone
        For the thorough look.
    glance
        Fitting it: of `of_manifest`, or of `trial`.
    """

    def __init__(self, backbone: Backbone, glance: Glance) -> None:
        self.backbone, self.glance = backbone, glance
        self.quick = glancing(backbone, glance.turns, glance.precision)
        self.known = glance.turns if glance.precision == backbone.precision.kind else 0

    def unrounded(self, block: NDArray[Any], scores: Callable[[NDArray[Any]], Tensor]) -> NDArray[np.float32]:
        """Return features (n, F, D) of subjects (n, F, C, H, W), by whose `scores` (n, F, K) a glance was enough."""
        features = self.quick.unrounded(block)
        unsure = self.glance.unsure(scores(features))
        if unsure.any():
            turns = self.backbone.preprocessing.turns
            rest = self.backbone.unrounded(block[unsure][:, None], after=self.known)[:, 0]
            features[unsure] = (self.known * features[unsure] + (turns - self.known) * rest) / turns
        return features


def glancing(backbone: Backbone, turns: int, precision: str) -> Backbone:
    """Return the same backbone as it glances."""
    seen = replace(backbone.preprocessing, turns=turns)
    where = {"device": str(backbone.device), "engine": backbone.engine}
    return Backbone(backbone.network, seen, precision=Precision(precision), **where)


def quicker(backbone: Backbone, *, sixteen_bits: bool = True) -> tuple[int, str, str] | None:
    """Return turns, precision and engine of a glance here; None where nothing is quicker than a thorough look.

    With a second look at the middle, or rings, a network's turns are not all that a stamp's features are made of, and
    are left as they are.
    """
    seen, kind = backbone.preprocessing, backbone.precision.kind
    fewer = seen.turns >= FEWEST and seen.looks == 1 and not seen.rings
    here = precision_here("bf16" if sixteen_bits else kind, backbone.device, backbone.engine)
    turns, precision = TURNS if fewer else seen.turns, "bf16" if here == "bf16" else kind
    return (turns, precision, backbone.engine) if (turns, precision) != (seen.turns, kind) else None


def helps(backbone: Backbone, glance: Glance) -> bool:
    """Return whether a glance is quicker than a thorough look here, and was tried as it would be computed."""
    here = precision_here(glance.precision, backbone.device, backbone.engine)
    whole = precision_here(backbone.precision.kind, backbone.device, backbone.engine)
    if here != whole and glance.engine != backbone.engine:
        return False
    return glance.turns < backbone.preprocessing.turns or (here, whole) == ("bf16", "f32")


def margins(log_scores: Tensor) -> Tensor:
    """Return by how much the best of K ≥ 2 classes is ahead of the next: (..., K) to (...)."""
    best = log_scores.topk(2, dim=-1).values
    return best[..., 0] - best[..., 1]


def of_manifest(manifest: dict[str, Any]) -> Glance | None:
    """Return the glance of a checkpoint; None for those that look at every stamp thoroughly.

    Raises
    ------
    ValueError
        If it, or the network's precision, is none that this version knows.
    """
    said = manifest.get("glance")
    if said is None:
        return None
    seen, kind = manifest["preprocessing"], precision_of(manifest).kind
    rest = dict(said) if isinstance(said, dict) else {}
    turns, precision, margin = rest.pop("turns", None), rest.pop("precision", kind), rest.pop("margin", None)
    engine = rest.pop("engine", "openvino")
    whole = seen.get("turns", 1)
    fewer = turns == TURNS and whole >= FEWEST and not seen.get("closer") and not seen.get("rings")
    same = turns == whole and (precision, kind) == ("bf16", "f32")
    if not isinstance(margin, int | float) or not margin >= 0 or precision not in PRECISIONS or not (fewer or same):
        raise ValueError(
            f"its glance is {said!r}, and known are those with a margin of 0 or more, in {TURNS} turns for networks"
            f" that see nothing but {FEWEST} turns or more, or in bf16 for networks in f32"
        )
    return Glance(turns, precision, engine, float(margin), rest)


def trial(judge: Judge, exact: Tensor, quick: Tensor, way: tuple[int, str, str]) -> Glance | None:
    """Return when a glance is enough for a network, by what it says of validation subjects; None if it never is.

    The margin is `SAFETY` times the largest of a subject that answers otherwise after a thorough look, and the glance
    passes where `ml.unchanged` finds it harmless and at most `MOST_UNSURE` of the stamps go on.

    Parameters
    ----------
    judge
        Of N validation subjects.
    exact, quick
        (N, F, K) log class probabilities after a thorough look and after a glance.
    way
        Turns, precision and engine of a glance, of `quicker`.
    """
    other = exact.argmax(-1) != quick.argmax(-1)
    largest = float(margins(quick)[other].max()) if other.any() else 0.0
    glance = Glance(*way, max(LEAST_MARGIN, SAFETY * largest))
    unsure = torch.from_numpy(glance.unsure(quick))
    found = changes(judge, exact, torch.where(unsure[..., None], exact, quick))
    share = float(unsure.float().mean())
    if not found.harmless or share > MOST_UNSURE:
        return None
    return replace(glance, measured={"looked_at_again": share, **found.said("thorough", "glance")})
