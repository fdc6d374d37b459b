"""A volunteer's skill: the confusion matrix P(answer | class), measured on gold.

Rows are `CLASSES` and columns `ANSWERS` of `ml.crowd.answer`, A of them, everywhere in this file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.crowd.answer import ABSTENTIONS, ANSWERS, CLASSES

FLOOR = 0.005

# What is believed of a newcomer, as answers already seen: right two times in three, abstaining one time in ten.
RIGHT, WRONG = 2.0, 1.0
ABSTAINED, DEFINITE = 0.5, 4.5

ABSTENTION_PRIOR = 50.0
"""Answers' worth of a volunteer's overall rate of abstaining, in the rate for each class."""


@dataclass(frozen=True)
class Skill:
    """P(answer | class).

    Attributes
    ----------
    matrix : (2, A) tuples of floats
        One row per true class, "no" first; rows sum to 1 and no cell is below `FLOOR`.
    """

    matrix: tuple[tuple[float, ...], tuple[float, ...]]

    @classmethod
    def of(cls, matrix: np.ndarray | Sequence[Sequence[float]]) -> "Skill":
        """Normalise the rows of a (2, A) matrix of non-negative numbers, and lift every cell to the floor.

        Raises ValueError: another shape, a number that is negative or not finite, or a row of zeros.
        """
        rows = np.asarray(matrix, float)
        shape = (len(CLASSES), len(ANSWERS))
        if rows.shape != shape or not np.isfinite(rows).all() or (rows < 0).any() or (rows.sum(axis=1) <= 0).any():
            raise ValueError(f"a skill needs two rows of {len(ANSWERS)} non-negative numbers, not {matrix!r}")
        no, yes = floored(rows).tolist()
        return cls((tuple(no), tuple(yes)))

    def evidence(self, answer: str) -> float:
        """Log likelihood ratio of the answer, "yes" over "no", nats; raises ValueError if it is no answer."""
        if answer not in ANSWERS:
            raise ValueError(f"an answer is one of {', '.join(ANSWERS)}, not {answer!r}")
        column = ANSWERS.index(answer)
        return float(np.log(self.matrix[1][column] / self.matrix[0][column]))


def floored(rows: np.ndarray) -> np.ndarray:
    """Normalise the last axis (answers) and mix in just enough of a uniform answer that no cell is below `FLOOR`.

    `rows` (..., A) are not negative, and none is all zeros. Cells keep their order, and no vote is proof: one vote
    changes the odds by at most 1 / FLOOR.
    """
    fractions = rows / rows.sum(axis=-1, keepdims=True)
    return fractions * (1 - FLOOR * rows.shape[-1]) + FLOOR


def skill_one_coin(
    correct: float, total: float, abstained: float | Sequence[float] = 0, seen: float | None = None
) -> Skill:
    """Return a skill with one accuracy of definite answers for both classes.

    Parameters
    ----------
    correct, total : float
        Right definite answers, and all definite answers, to gold subjects.
    abstained : float or sequence of float
        How often each of `ABSTENTIONS` was given, to any subjects.
    seen : float
        All answers to any subjects; ``total`` and the abstentions by default.

    Returns
    -------
    Skill
        Means of the Beta posteriors. An abstention is as likely for either class, so it is no evidence.

    Raises
    ------
    ValueError
        For counts that are negative or larger than their totals.
    """
    silent = np.broadcast_to(np.asarray(abstained, float), len(ABSTENTIONS))
    seen = total + silent.sum() if seen is None else seen
    if not (0 <= correct <= total and silent.min() >= 0 and silent.sum() <= seen):
        raise ValueError(f"impossible counts: {correct} right of {total}, {abstained} abstentions of {seen}")
    right = (correct + RIGHT) / (total + RIGHT + WRONG)
    rates = (silent + ABSTAINED / len(ABSTENTIONS)) / (seen + ABSTAINED + DEFINITE)
    spoken = 1 - rates.sum()
    return Skill.of([[spoken * right, spoken * (1 - right), *rates], [spoken * (1 - right), spoken * right, *rates]])


def skill_two_coin(counts: np.ndarray | Sequence[Sequence[float]]) -> Skill:
    """Learn each class' row by itself, and with it what an abstention tells; see `class_rates`.

    `counts` (2, A) are answers to subjects known to be "no" (first row) and "yes" (second row).
    """
    return Skill.of(class_rates(counts))


def class_rates(counts: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    """Estimate P(answer | class) from answers to subjects of known class, with a hierarchical prior on abstentions.

    How often definite answers are right has a Beta posterior for each class. A class's rate of abstaining is shrunk
    towards the volunteer's rate over both, and that one towards the crowd's, a newcomer's. So of two volunteers whose
    definite answers are alike, one who happens to have abstained more often on one class weighs about as much;
    only after many answers does abstaining become evidence.

    Parameters
    ----------
    counts : (..., 2, A) array of non-negative numbers
        Rows are classes, columns the two classes as answers and then the abstentions.

    Returns
    -------
    (..., 2, A) float array
        Rows sum to 1.

    Notes
    -----
    For class c, with n answers of which s are abstentions: ``(s + ABSTENTION_PRIOR · r) / (n + ABSTENTION_PRIOR)``,
    where r is ``(Σ s + ABSTAINED) / (Σ n + ABSTAINED + DEFINITE)`` with sums over the classes. The prior is fixed and
    not learned from the crowd: a vote's evidence depends on its volunteer's record alone, and can be recomputed.
    """
    table = np.asarray(counts, float)
    definite = table[..., :2] + np.array([[RIGHT, WRONG], [WRONG, RIGHT]])
    silent, total = table[..., 2:], table.sum(axis=-1)
    own = silent.sum(axis=-2) + ABSTAINED / max(silent.shape[-1], 1)
    own = own / (total.sum(axis=-1) + ABSTAINED + DEFINITE)[..., None]
    rates = (silent + ABSTENTION_PRIOR * own[..., None, :]) / (total + ABSTENTION_PRIOR)[..., None]
    spoken = (1 - rates.sum(axis=-1, keepdims=True)) * definite / definite.sum(axis=-1, keepdims=True)
    return np.concatenate([spoken, rates], axis=-1)


def newcomer_counts(abstentions: int = len(ABSTENTIONS)) -> np.ndarray:
    """Return the Dirichlet prior of both rows: counts with the strength of RIGHT + WRONG definite answers.

    Shape (2, 2 + abstentions): `Votes` have one column for all abstentions, the site one for each.
    """
    silent = [ABSTAINED / abstentions / DEFINITE * (RIGHT + WRONG)] * abstentions
    return np.array([[RIGHT, WRONG, *silent], [WRONG, RIGHT, *silent]])
