"""The gate: whether a new model may become champion, and the sentence that says why (docs/decisions/gate.md)."""

from dataclasses import dataclass

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
        return Verdict(False, "It could not be judged: the test set has no score of both a real and a bogus subject.")
    return _against_champion(result) if has_champion else _as_first(result.labels, result.auc, result.auc_low)


def _as_first(labels: int, auc: float, low: float) -> Verdict:
    if labels < FEWEST_LABELS:
        return Verdict(False, f"It learnt from {labels} labels; a first champion needs {FEWEST_LABELS}.")
    if low <= 0.5:
        return Verdict(False, f"Its AUC of {auc:.3f} may be chance: the 95 % interval begins at {low:.3f}.")
    return Verdict(True, f"The first champion: AUC {auc:.3f}, at least {low:.3f} at 95 %, from {labels} labels.")


def _against_champion(result: Result) -> Verdict:
    if result.same_recipe and result.new_labels < FEWEST_LABELS:
        return Verdict(
            False, f"Only {result.new_labels} labels are new since the champion's; it takes {FEWEST_LABELS}."
        )
    difference, low, high = result.difference, result.difference_low, result.difference_high
    if difference is None or low is None or high is None:
        return Verdict(False, "It could not be compared: too few test subjects are new to both models.")
    said = f"AUC {result.auc:.3f}, {difference:+.3f} ({low:+.3f} to {high:+.3f}) against the champion"
    if difference <= 0:
        return Verdict(False, f"It is no better: {said}.")
    if low < -MARGIN:
        return Verdict(False, f"It looks better, but could be more than {MARGIN} worse: {said}.")
    return Verdict(True, f"It beats the champion: {said}, with {result.new_labels} new labels.")
