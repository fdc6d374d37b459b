"""Why a volunteer got a subject, as told after the answer.

The queue stores the rule that ordered each subject, also where nothing uncertain is left to order. What people read
must be true of their subject.
"""

from collections.abc import Sequence

from webapp.classifications.models import Classification, Reason
from webapp.learning.scores import champions_opinions
from webapp.workflows.models import Workflow

SURE = 0.04
"""A model whose probability is nearer to 0 or 1 than this isn't called uncertain."""
YES = 0.5
"""From here on the model thinks that the answer is yes."""
_UNSURE = (Reason.UNCERTAIN, Reason.DIVERSE, Reason.VOTE, Reason.DISAGREED)


def shown_reasons(workflow: Workflow, answers: Sequence[Classification]) -> list[str]:
    """Return the reason to show for each of a workflow's answers: "new" where the stored one is not true of it.

    The model's score decides, whether or not the workflow reveals it.
    """
    doubtful = [answer.subject_id for answer in answers if answer.reason in (*_UNSURE, Reason.POSITIVE)]
    known = champions_opinions(workflow, doubtful) if doubtful else {}
    scores = [known[answer.subject_id].p_real if answer.subject_id in known else None for answer in answers]
    return [_shown(answer.reason, p_real) for answer, p_real in zip(answers, scores, strict=True)]


def _shown(reason: str, p_real: float | None) -> str:
    if p_real is None:
        return reason
    is_sure = reason in _UNSURE and min(p_real, 1 - p_real) < SURE
    return Reason.NEW.value if is_sure or (reason == Reason.POSITIVE and p_real < YES) else reason
