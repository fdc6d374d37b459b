"""Whether a quicker way to the answers leaves them as they are."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ml.judge import Judge

MOST_FLIPPED = 0.003  # share of subjects with another answer
MOST_LOST = 0.001  # of accuracy, and of the area under the ROC curve
LEAST = 200  # validation subjects, of which none may flip: fewer say nothing of so small shares


@dataclass(frozen=True)
class Changes:
    """What becomes of a model's answers.

    Attributes
    ----------
    subjects
        How many were looked at.
    flipped
        Share of them with another answer.
    largest
        Largest change of a class's probability.
    before, after
        Accuracy, and area under the ROC curve where there is one.
    """

    subjects: int
    flipped: float
    largest: float
    before: dict[str, float]
    after: dict[str, float]

    @property
    def lost(self) -> float:
        """Return by how much accuracy or area has fallen, whichever lost more; 0 where neither did."""
        return max([0.0, *(self.before[name] - self.after[name] for name in self.before.keys() & self.after.keys())])

    @property
    def harmless(self) -> bool:
        """Return whether there are subjects enough, and hardly any answer is another or worse."""
        return self.subjects >= LEAST and self.flipped <= MOST_FLIPPED and self.lost <= MOST_LOST

    def said(self, exact: str, quick: str) -> dict[str, Any]:
        """Return it for a manifest; `exact` and `quick` tell the figures of both ways apart."""
        found: dict[str, Any] = {"subjects": self.subjects, "flipped": self.flipped, "largest_change": self.largest}
        for name in sorted(self.before.keys() & self.after.keys()):
            found |= {f"{name}_{exact}": self.before[name], f"{name}_{quick}": self.after[name]}
        return found


def changes(judge: Judge, exact: Tensor, quick: Tensor) -> Changes:
    """Compare the answers of two ways to compute a network.

    Parameters
    ----------
    judge
        Of N validation subjects.
    exact, quick
        (N, F, K) log class probabilities.
    """
    answers = [scores.exp().mean(1).argmax(1) for scores in (exact, quick)]
    return Changes(
        len(exact),
        int((answers[0] != answers[1]).sum()) / len(exact),
        float((exact.exp() - quick.exp()).abs().max()),
        judge.stamp(exact)[1],
        judge.stamp(quick)[1],
    )
