"""A glance at a stamp: two of its turns, and all of them only where its answer is not plain after these.

A network that is shown a stamp in eight turns answers for most of them after two as it does after eight. What is not
plain yet goes on to the rest, so that most of the time is spent where it changes an answer (Wang et al. 2018, UAI, IDK
Cascades, arXiv:1706.00885).
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ml.judge import Judge
from ml.unchanged import changes

TURNS = 2  # the stamp and its mirror image
FEWEST = 2 * TURNS  # turns of a network, below which a glance saves little
SAFETY = 1.5  # times the largest margin of a validation subject that answered otherwise after all its turns
LEAST_MARGIN = 0.5
MOST_UNSURE = 0.5  # share of the stamps that go on; with more, a glance saves less than two fifths of the time


@dataclass(frozen=True)
class Glance:
    """When a glance is enough.

    Parameters
    ----------
    margin
        By how much the log probability of the likeliest class must be above the next one's.
    measured
        By `trial`.
    """

    margin: float
    measured: dict[str, Any] = field(default_factory=dict)

    def unsure(self, log_scores: Tensor) -> Tensor:
        """Return (n,) bool, which stamps with log probabilities (n, K) must be looked at in every turn; NaN must."""
        return ~(margins(log_scores) >= self.margin)

    def as_manifest(self) -> dict[str, Any]:
        """Return what a checkpoint's manifest keeps under "glance"."""
        return {"turns": TURNS, "margin": self.margin, **self.measured}


def margins(log_scores: Tensor) -> Tensor:
    """Return by how much the best of K ≥ 2 classes is ahead of the next: (..., K) to (...)."""
    best = log_scores.topk(2, dim=-1).values
    return best[..., 0] - best[..., 1]


def of_manifest(manifest: dict[str, Any]) -> Glance | None:
    """Return the glance of a checkpoint; None for those that look at every stamp in every turn.

    Raises
    ------
    ValueError
        If it is none that this version knows.
    """
    said = manifest.get("glance")
    if said is None:
        return None
    margin, seen = said.get("margin") if isinstance(said, dict) else None, manifest["preprocessing"]
    many = seen.get("turns", 1) >= FEWEST and not seen.get("closer") and not seen.get("rings")
    if not isinstance(margin, int | float) or not margin >= 0 or said.get("turns") != TURNS or not many:
        raise ValueError(
            f"its glance is {said!r}, and known are those of {TURNS} turns with a margin of 0 or more, for networks"
            f" that see nothing but {FEWEST} turns or more"
        )
    return Glance(float(margin), {name: value for name, value in said.items() if name not in {"turns", "margin"}})


def trial(judge: Judge, exact: Tensor, quick: Tensor) -> Glance | None:
    """Return when a glance is enough for a network, by what it says of validation subjects; None if it never is.

    The margin is `SAFETY` times the largest of a subject that answers otherwise after all its turns, and the glance
    passes where `ml.unchanged` finds it harmless and at most `MOST_UNSURE` of the stamps go on.

    Parameters
    ----------
    judge
        Of N validation subjects.
    exact, quick
        (N, F, K) log class probabilities after all turns and after `TURNS` of them.
    """
    other = exact.argmax(-1) != quick.argmax(-1)
    largest = float(margins(quick)[other].max()) if other.any() else 0.0
    glance = Glance(max(LEAST_MARGIN, SAFETY * largest))
    unsure = glance.unsure(quick)
    found = changes(judge, exact, torch.where(unsure[..., None], exact, quick))
    share = float(unsure.float().mean())
    if not found.harmless or share > MOST_UNSURE:
        return None
    return Glance(glance.margin, {"looked_at_again": share, **found.said("all_turns", "glance")})
