"""What the champion thinks of subjects that somebody has just answered, where the workflow lets volunteers know."""

from collections.abc import Iterable

from webapp.learning.models import Score
from webapp.learning.roles import role_of
from webapp.volunteers.models import Workflow


def opinions(workflow: Workflow, subjects: Iterable[int]) -> dict[int, float]:
    """Return the champion's probability of yes by subject, for those that it has scored; nothing where it is private.

    Tell it only to somebody who has answered already: it would sway those who have not.
    """
    if not workflow.shows_score:
        return {}
    champion = {
        "checkpoint__survey": workflow.survey_id,
        "checkpoint__role": role_of(workflow),
        "checkpoint__is_champion": True,
    }
    return dict(Score.objects.filter(**champion, subject__in=list(subjects)).values_list("subject", "p_real"))
