"""How sure to be before anybody is flagged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of all finders.

    Attributes
    ----------
    chance : float
        How likely it may be that any honest volunteer of the whole crowd is flagged, for each kind: a flag's p must
        be below this divided by the number of volunteers (Bonferroni).
    seconds : float
        No answer below is looked at: simple reactions alone take 0.2 s, and choosing a key as long again.
    answers, gold, together : int
        The least answers, answers to training subjects, and common answers of two volunteers that are judged.
    constant : float
        The least share of one answer that is called constant.
    same : float
        The least share of equal answers that is called a copy.
    window : float
        Seconds between an answer and its copy at most.
    """

    chance: float = 0.01
    seconds: float = 0.5
    answers: int = 20
    gold: int = 30
    together: int = 20
    constant: float = 0.95
    same: float = 0.9
    window: float = 60.0
