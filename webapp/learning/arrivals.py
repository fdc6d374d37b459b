"""Subjects that came after the champion had scored the archive are scored by it too."""

from webapp.archive.models import IngestRun
from webapp.learning.models import Checkpoint, ScoringRun, ScoringShard
from webapp.learning.scoring import OPEN, Range, start_scoring, whole_archive


def score_arrivals() -> list[ScoringRun]:
    """Start scoring what champions have not seen yet, unless an ingest or a scoring is under way."""
    champions = Checkpoint.objects.filter(is_champion=True).select_related("survey", "run")
    return [start_scoring(champion, ranges) for champion in champions if (ranges := _unscored(champion))]


def _unscored(champion: Checkpoint) -> list[Range]:
    """Return what lies behind the last shard of each array that the champion was given."""
    if IngestRun.objects.filter(survey=champion.survey_id, state__in=OPEN).exists():
        return []
    if champion.scoring_runs.filter(state__in=OPEN).exists():
        return []
    asked = ScoringShard.objects.filter(run__checkpoint=champion).values_list("array", "stop")
    ends: dict[str, int] = {}
    for array, stop in asked:
        ends[array] = max(stop, ends.get(array, 0))
    archive = whole_archive(champion)
    return [(array, ends.get(array, 0), last) for array, _, last in archive if last > ends.get(array, 0)]
