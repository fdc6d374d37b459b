"""In how many bits a network may be computed: bfloat16 is for those alone whose answers it leaves as they are."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ml.engine import PRECISIONS
from ml.judge import Judge

MOST_FLIPPED = 0.003  # share of subjects with another answer
MOST_LOST = 0.001  # of accuracy, and of the area under the ROC curve
LEAST = 200  # validation subjects, of which none may flip: fewer say nothing of so small shares


@dataclass(frozen=True)
class Precision:
    """How a network may be computed, and what the accuracy test measured, if there was one.

    Parameters
    ----------
    kind
        "f32" or "bf16".
    measured
        By `trial`.
    """

    kind: str = "f32"
    measured: dict[str, Any] = field(default_factory=dict)

    def as_manifest(self) -> dict[str, Any]:
        """Return what a checkpoint's manifest keeps under "precision"; nothing where nothing was tried."""
        return {"precision": {"kind": self.kind, **self.measured}} if self != F32 else {}


F32 = Precision()


def of_manifest(manifest: dict[str, Any]) -> Precision:
    """Return the precision of a checkpoint; those without a word about it are f32.

    Raises
    ------
    ValueError
        If it is none that this version knows.
    """
    said = manifest.get("precision", {"kind": "f32"})
    kind = said.get("kind") if isinstance(said, dict) else None
    if kind not in PRECISIONS:
        raise ValueError(f"its precision is {said!r}, and known are {' and '.join(PRECISIONS)}")
    return Precision(kind, {name: value for name, value in said.items() if name != "kind"})


def trial(judge: Judge, exact: Tensor, rounded: Tensor) -> Precision:
    """Compare a network's answers in f32 and in bf16, and return the precision that it may have.

    bf16 passes if at most `MOST_FLIPPED` of the subjects get another answer, and neither accuracy nor area under the
    ROC curve falls by more than `MOST_LOST`, on `LEAST` subjects or more.

    Parameters
    ----------
    judge
        Of N validation subjects.
    exact, rounded
        (N, F, K) log class probabilities in f32 and in bf16.
    """
    answers = [scores.exp().mean(1).argmax(1) for scores in (exact, rounded)]
    flipped = int((answers[0] != answers[1]).sum()) / len(exact)
    measured: dict[str, Any] = {
        "subjects": len(exact),
        "flipped": flipped,
        "largest_change": float((exact.exp() - rounded.exp()).abs().max()),
    }
    lost = 0.0
    before, after = judge.stamp(exact)[1], judge.stamp(rounded)[1]
    for name in before.keys() & after.keys():
        measured |= {f"{name}_f32": before[name], f"{name}_bf16": after[name]}
        lost = max(lost, before[name] - after[name])
    passed = len(exact) >= LEAST and flipped <= MOST_FLIPPED and lost <= MOST_LOST
    return Precision("bf16" if passed else "f32", measured)
