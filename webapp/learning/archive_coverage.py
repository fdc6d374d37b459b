"""How much of the archive the champion has scored, where batches of it failed."""

from dataclasses import dataclass

from webapp.archive.models import Subject
from webapp.core.bounded_count import count_in_time
from webapp.learning.models import Checkpoint, Score

COUNTED_FOR = 1.0
"""Seconds for which a page waits while an archive is counted."""


@dataclass(frozen=True)
class Coverage:
    """How many of the archive's subjects there are, and have a score; None where counting takes too long."""

    subjects: int | None
    scored: int | None

    @property
    def is_counted(self) -> bool:
        return self.subjects is not None and self.scored is not None


def coverage_of(champion: Checkpoint) -> Coverage:
    subjects = Subject.objects.with_pixels().filter(survey=champion.survey_id, kind=champion.kind)
    scored = Score.objects.filter(checkpoint=champion, subject__pixels_dropped_at=None)
    return Coverage(count_in_time(subjects, COUNTED_FOR), count_in_time(scored, COUNTED_FOR))
