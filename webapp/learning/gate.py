"""The gate: whether a new model may become champion, and the sentence that says why (docs/decisions/gate.md)."""

from dataclasses import dataclass

from webapp.learning.sentences import (
    BETTER,
    COMPARISON,
    FEW_LABELS,
    FEW_NEW_LABELS,
    FIRST_CHAMPION,
    MAY_BE_CHANCE,
    MAY_BE_WORSE,
    NO_BETTER,
    NOT_COMPARED,
    NOT_JUDGED,
)

FEWEST_LABELS = 20
"""Labels that a first champion must have learnt from, and new ones that a later one of the same recipe must have."""

MARGIN = 0.02
"""How much worse in ROC AUC a better-looking candidate may yet be, at the low end of the 95 % interval."""


@dataclass(frozen=True)
class Result:
    """What a candidate came to on the frozen test set; the differences are less the champion's, on the same subjects.

    `auc_low` and the ends of the difference are those of 95 % bootstrap intervals over whole objects.
    """

    labels: int
    auc: float | None
    auc_low: float | None
    same_recipe: bool = False
    new_labels: int = 0
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None


@dataclass(frozen=True)
class Verdict:
    passed: bool
    sentence: str


def judge(result: Result, *, has_champion: bool) -> Verdict:
    """Decide whether the candidate passes."""
    if result.auc is None or result.auc_low is None:
        return Verdict(False, NOT_JUDGED())
    return _against_champion(result) if has_champion else _as_first(result.labels, result.auc, result.auc_low)


def _as_first(labels: int, auc: float, low: float) -> Verdict:
    if labels < FEWEST_LABELS:
        return Verdict(False, FEW_LABELS(labels=labels, fewest=FEWEST_LABELS))
    if low <= 0.5:
        return Verdict(False, MAY_BE_CHANCE(auc=f"{auc:.3f}", low=f"{low:.3f}"))
    return Verdict(True, FIRST_CHAMPION(auc=f"{auc:.3f}", low=f"{low:.3f}", labels=labels))


def _against_champion(result: Result) -> Verdict:
    if result.same_recipe and result.new_labels < FEWEST_LABELS:
        return Verdict(False, FEW_NEW_LABELS(new=result.new_labels, fewest=FEWEST_LABELS))
    difference, low, high = result.difference, result.difference_low, result.difference_high
    if difference is None or low is None or high is None:
        return Verdict(False, NOT_COMPARED())
    figures = {
        "auc": f"{result.auc:.3f}",
        "difference": signed(difference),
        "low": signed(low),
        "high": signed(high),
    }
    said = COMPARISON(**figures)
    if difference <= 0:
        return Verdict(False, NO_BETTER(comparison=said))
    if low < -MARGIN:
        return Verdict(False, MAY_BE_WORSE(margin=MARGIN, comparison=said))
    return Verdict(True, BETTER(comparison=said, new=result.new_labels))


def signed(difference: float) -> str:
    """Write a difference with its sign, to three decimals; what rounds to nothing has none."""
    said = f"{difference:+.3f}"
    return said if float(said) else said[1:]
