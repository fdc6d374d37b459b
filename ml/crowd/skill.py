"""A volunteer's skill: the confusion matrix P(answer | class), measured on gold.

Classes are ("no", "yes") and answers ("no", "yes", "unsure"), in this order, everywhere in this file.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CLASSES = ("no", "yes")
ANSWERS = ("no", "yes", "unsure")
FLOOR = 0.005

# Prior of a newcomer, as pseudo-answers: right two times in three, unsure one time in ten.
RIGHT, WRONG = 2.0, 1.0
UNSURE, DEFINITE = 0.5, 4.5


@dataclass(frozen=True)
class Skill:
    """P(answer | class).

    Attributes
    ----------
    matrix : ((no, yes, unsure), (no, yes, unsure))
        One row per true class, "no" first; rows sum to 1 and no cell is below `FLOOR`.
    """

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]

    @classmethod
    def of(cls, matrix: np.ndarray | Sequence[Sequence[float]]) -> "Skill":
        """Normalise the rows of a (2, 3) matrix of non-negative numbers, and raise every cell to the floor."""
        rows = np.asarray(matrix, float)
        if rows.shape != (2, 3) or not np.isfinite(rows).all() or (rows < 0).any() or (rows.sum(axis=1) <= 0).any():
            raise ValueError(f"a skill needs two rows of three non-negative numbers, not {matrix!r}")
        no, yes = floored(rows).tolist()
        return cls((tuple(no), tuple(yes)))

    def evidence(self, answer: str) -> float:
        """Log likelihood ratio of the answer, "yes" over "no"."""
        if answer not in ANSWERS:
            raise ValueError(f"an answer is one of {', '.join(ANSWERS)}, not {answer!r}")
        column = ANSWERS.index(answer)
        return float(np.log(self.matrix[1][column] / self.matrix[0][column]))


def floored(rows: np.ndarray) -> np.ndarray:
    """Normalise the last axis (answers) and mix in just enough of a uniform answer that no cell is below `FLOOR`.

    Cells keep their order, and no vote is proof: one vote changes the odds by at most 1 / FLOOR.
    """
    shares = rows / rows.sum(axis=-1, keepdims=True)
    return shares * (1 - FLOOR * rows.shape[-1]) + FLOOR


def skill_one_coin(correct: float, total: float, unsure: float = 0, seen: float | None = None) -> Skill:
    """Return a skill with one accuracy of definite answers for both classes.

    Parameters
    ----------
    correct, total : float
        Right definite answers, and all definite answers, to gold subjects.
    unsure, seen : float
        Unsure answers, and all answers, to any subjects; `seen` defaults to ``total + unsure``.

    Returns
    -------
    Skill
        Means of the Beta posteriors. Unsure is equally likely for both classes, so it is no evidence.

    Raises
    ------
    ValueError
        For counts that are negative or larger than their totals.
    """
    seen = total + unsure if seen is None else seen
    if not (0 <= correct <= total and 0 <= unsure <= seen):
        raise ValueError(f"impossible counts: {correct} right of {total}, {unsure} unsure of {seen}")
    right = (correct + RIGHT) / (total + RIGHT + WRONG)
    silent = (unsure + UNSURE) / (seen + UNSURE + DEFINITE)
    spoken = 1 - silent
    return Skill.of([[spoken * right, spoken * (1 - right), silent], [spoken * (1 - right), spoken * right, silent]])


def skill_two_coin(counts: np.ndarray | Sequence[Sequence[float]]) -> Skill:
    """Return a skill with a separate row per class, so that unsure is evidence too.

    Parameters
    ----------
    counts : (2, 3) array of non-negative numbers
        Answers (no, yes, unsure) to subjects known to be "no" (first row) and "yes" (second row).

    Returns
    -------
    Skill
        Means of the Dirichlet posteriors, with the newcomer of `skill_one_coin` as prior.
    """
    return Skill.of(np.asarray(counts, float) + newcomer_counts())


def newcomer_counts() -> np.ndarray:
    """Return the Dirichlet prior of both rows: (2, 3) counts with the strength of RIGHT + WRONG definite answers."""
    silent = UNSURE / DEFINITE * (RIGHT + WRONG)
    return np.array([[RIGHT, WRONG, silent], [WRONG, RIGHT, silent]])
