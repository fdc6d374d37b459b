"""Which subjects have a label that a model may learn from: rulings first, then gold, then what volunteers settled."""

from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet

from webapp.archive.models import Subject
from webapp.consensus.models import RetiredReason
from webapp.learning.drawn import Lines, lines_of
from webapp.learning.held_out import on_test_side
from webapp.learning.roles import Classes, classes_of
from webapp.learning.snapshot import Label
from webapp.learning.test_set import current_nights
from webapp.volunteers.models import Workflow

CONFIDENT = 0.9
"""Volunteers' posterior, of yes or of no, from which on it is a label."""

SETTLED = (RetiredReason.CONSENSUS, RetiredReason.NOTHING_HERE, RetiredReason.HUMAN)
COLUMNS = ("pk", "external_id", "array", "index", "object_group", "gold_label", "gold_source")


def labelled(workflow: Workflow) -> QuerySet[Subject]:
    """Return the subjects that a model for the workflow may learn from now.

    Gold is the survey's and serves all its workflows; volunteers' answers are the workflow's own. Duplicates,
    everything on the test side, and what was drawn for training people stay out.
    """
    confident = Q(crowd__posterior__gte=CONFIDENT) | Q(crowd__posterior__lte=round(1 - CONFIDENT, 6))
    settled = Q(crowd__is_retired=True, crowd__retired_reason__in=SETTLED)
    return (
        Subject.objects.originals()
        .observed()
        .filter(survey=workflow.survey_id, kind=workflow.kind)
        .annotate(crowd=FilteredRelation("consensus", condition=Q(consensus__workflow=workflow)))
        .filter(~Q(gold_label="") | confident | settled)
        .exclude(pk__in=on_test_side(workflow.survey, current_nights(workflow.survey, workflow.kind)).values("pk"))
    )


def labels(workflow: Workflow) -> list[Label]:
    """Return the labels of `labelled` subjects, by subject id."""
    classes = classes_of(workflow.survey)
    rows = labelled(workflow).order_by("pk").values_list(*COLUMNS, "crowd__posterior", "crowd__follow_ups")
    lines = lines_of(workflow) if workflow.line_marking else {}
    return [_label(classes, *row, marks=lines.get(row[0], ())) for row in rows.iterator(chunk_size=5000)]


def _label(
    classes: Classes,
    subject_id: int,
    external_id: str,
    array: str,
    index: int,
    object_group: str,
    gold: str,
    gold_source: str,
    posterior: float | None,
    follow_ups: dict[str, Any] | None,
    *,
    marks: Lines,
) -> Label:
    place = (subject_id, external_id, array, index, object_group or external_id)
    if gold:
        source = "ruling" if gold_source == "ruling" else "gold"
        return Label(*place, classes.answer(gold), classes.allowed(gold), 1.0, source, marks)
    p_yes = posterior or 0.0
    answer = "yes" if p_yes >= 0.5 else "no"
    allowed = plurality(classes.side(answer), follow_ups or {})
    return Label(*place, answer, allowed, round(max(p_yes, 1 - p_yes), 3), "consensus", marks)


def plurality(side: tuple[str, ...], follow_ups: dict[str, Any]) -> tuple[str, ...]:
    """Return the classes of a side that most follow-up answers name: all that tie, or the whole side without any."""
    votes = {name: int(follow_ups.get(name, 0)) for name in side}
    most = max(votes.values(), default=0)
    return tuple(name for name in side if votes[name] == most)
