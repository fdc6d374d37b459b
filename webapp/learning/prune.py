"""Drop the scores that nobody looks at any more; checkpoints and their evaluations stay."""

from django.db import connection
from django.db.models import Max

from webapp.learning.models import Checkpoint, Score
from webapp.learning.promote import champion_of, previous_champion


def prune_scores(checkpoint: Checkpoint) -> int:
    """Keep the scores of the champion, of the one before it, and of each workflow's newest shadow; drop the others'.

    Only the survey and role of `checkpoint` are looked at. Returns how many scores went.
    """
    models = Checkpoint.objects.filter(survey=checkpoint.survey_id, role=checkpoint.role)
    stale = models.exclude(pk__in=_kept(checkpoint)).values_list("pk", flat=True)
    gone = 0
    for pk in stale.filter(scoring_runs__isnull=False).distinct():
        gone += Score.objects.filter(checkpoint_id=pk)._raw_delete(connection.alias)
    return gone


def _kept(checkpoint: Checkpoint) -> set[int]:
    champion = champion_of(checkpoint.survey, checkpoint.role)
    before = previous_champion(champion)
    shadows = Checkpoint.objects.filter(survey=checkpoint.survey_id, role=checkpoint.role, is_champion=False)
    newest = shadows.order_by().values_list("run__workflow").annotate(newest=Max("pk"))
    return {pk for _, pk in newest} | {model.pk for model in (champion, before) if model is not None}
