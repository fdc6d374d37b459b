"""Subjects that came after the champion had scored the archive, and those it failed on, are scored by it too."""

from webapp.learning.models import Checkpoint, ScoringRun
from webapp.learning.unscored import score_unscored


def score_arrivals() -> list[ScoringRun]:
    """Start scoring what champions have not scored yet, unless an ingest or a scoring is under way."""
    champions = Checkpoint.objects.filter(is_champion=True).select_related("survey", "run")
    return [run for champion in champions if (run := score_unscored(champion, given_up=False))]
