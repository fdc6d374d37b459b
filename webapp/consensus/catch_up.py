"""Carry a later truth into earlier sums: whose past was judged anew have their answers weighed and added up anew.

A ruling, an undone training answer or a merger of two volunteers only marks whom it concerns, so that it costs the same
however long they have been at work. The schedule comes here.
"""

from django.db.models import F
from django.db.models.functions import Greatest

from webapp.consensus.models import Skill
from webapp.consensus.replay import replay
from webapp.consensus.update import refresh
from webapp.volunteers.models import Classification, Workflow

SUBJECTS = 1_000


def catch_up(workflow: Workflow, limit: int = 1_000) -> int:
    """Weigh anew the answers of volunteers who are marked, and add up their subjects; return how many volunteers.

    Killed half-way, it begins again with whom it had not finished; a mark that is set meanwhile stays. Two at a time
    do the same work and end the same.
    """
    marked = Skill.objects.filter(workflow=workflow, stale__gt=F("weighed")).order_by("volunteer")
    found = list(marked.values_list("pk", "volunteer", "stale")[:limit])
    for pk, volunteer, stale in found:
        replay(workflow, [volunteer])
        answers = Classification.objects.counted().filter(workflow=workflow, volunteer=volunteer)
        subjects = list(answers.order_by("subject").values_list("subject", flat=True))
        for start in range(0, len(subjects), SUBJECTS):
            refresh(workflow, subjects[start : start + SUBJECTS])
        Skill.objects.filter(pk=pk).update(weighed=Greatest("weighed", stale))
    return len(found)
