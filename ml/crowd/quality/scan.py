"""Run every quality check over a survey's answers."""

from ml.crowd.quality.answers import Answers
from ml.crowd.quality.chance import no_better_than_chance
from ml.crowd.quality.constant import too_constant
from ml.crowd.quality.copies import copies
from ml.crowd.quality.flag import Flag, Limits
from ml.crowd.quality.speed import too_fast

FINDERS = (too_fast, too_constant, no_better_than_chance, copies)
NEWEST = 1_000
CERTAIN = Limits()


def find_flags(answers: Answers, limits: Limits = CERTAIN, newest: int = NEWEST) -> list[Flag]:
    """Return all flags from each volunteer's newest answers, at most one of each kind per volunteer.

    Memory and time grow linearly with the answers.
    """
    judged = answers.newest(newest)
    return [flag for finder in FINDERS for flag in finder(judged, limits)]
