"""In how many bits a network may be computed: bfloat16 is for those alone whose answers it leaves as they are."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ml.engine import PRECISIONS
from ml.judge import Judge
from ml.unchanged import changes


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

    bf16 passes where `ml.unchanged` finds it harmless.

    Parameters
    ----------
    judge
        Of N validation subjects.
    exact, rounded
        (N, F, K) log class probabilities in f32 and in bf16.
    """
    found = changes(judge, exact, rounded)
    return Precision("bf16" if found.harmless else "f32", found.said("f32", "bf16"))
