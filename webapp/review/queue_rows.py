"""The rows of the desk's queues: consensus rows, or subjects where a queue also has those without votes."""

from functools import reduce
from operator import add
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Abs, Greatest

from webapp.archive.models import Subject
from webapp.community.models import Comment
from webapp.consensus.models import (
    AGREEMENT,
    CHANGE,
    GAP,
    RANDOM_ORDER,
    UNDECIDED_SHARE,
    VOTE_COLUMNS,
    VOTES,
    Consensus,
)
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
from webapp.workflows.models import Workflow


def with_votes(workflow: Workflow) -> QuerySet[Consensus]:
    """Return the workflow's consensus rows, each with its subject and what the queues compare."""
    rows = Consensus.objects.filter(~Q(subject__in=_synthetic(workflow)), workflow=workflow)
    return rows.select_related("subject").annotate(
        gap=GAP, change=CHANGE, votes_all=VOTES, agreement=AGREEMENT, undecided_share=UNDECIDED_SHARE,
        audit=RANDOM_ORDER, changed_at=F("updated_at"),
    )  # fmt: skip


def _synthetic(workflow: Workflow) -> QuerySet[Any]:
    """Return the keys of the survey's synthetic subjects: few, so that no row needs a join to leave them out."""
    return Subject.objects.filter(survey=workflow.survey_id, is_synthetic=True).values("pk")


def with_or_without_votes(workflow: Workflow) -> QuerySet[Any]:
    """Return the workflow's subjects, with those columns of `with_votes` by which the desk filters and sorts.

    Without votes, `posterior`, `gap` and `votes_all` are None, as `p_model` is without the champion's score, so that
    indexes have the orders of the rest. None has that of `changed_at`: the queues are of few subjects. Of the subject
    itself, filters and orders read no more than the index `subject_by_kind` has, except for its time of ingest: reading
    the row takes twice as long.
    """
    synthetic = _synthetic(workflow).filter(pk=OuterRef("pk"))
    rows = Subject.objects.filter(~Exists(synthetic), survey=workflow.survey_id, kind=workflow.kind)
    champion = champion_of(workflow.survey, role_of(workflow))
    return rows.alias(
        row=FilteredRelation("consensus", condition=Q(consensus__workflow=workflow)),
        score=FilteredRelation("scores", condition=Q(scores__checkpoint=champion)),
    ).annotate(
        subject=F("pk"),
        workflow=Value(workflow.pk),
        posterior=F("row__posterior"),
        p_model=F("score__p_real"),
        gap=Abs(F("row__posterior") - F("row__p_model")),
        votes_all=reduce(add, (F(f"row__{name}") for name in VOTE_COLUMNS.values())),
        changed_at=Greatest("row__updated_at", "case__updated_at", "created_at"),
    )


def discussed(subjects: QuerySet[Any]) -> QuerySet[Any]:
    """Return the subjects with standing comments, each with its `newest_comment`."""
    standing = FilteredRelation("comments", condition=Q(comments__removed_at=None))
    rows = subjects.annotate(comment=standing, newest_comment=F("comment__pk"))
    newer = Comment.objects.standing().filter(subject=OuterRef("pk"), pk__gt=OuterRef("newest_comment"))
    return rows.filter(~Exists(newer), newest_comment__isnull=False)


def consensus_of(workflow: Workflow, rows: QuerySet[Any], keys: list[int]) -> list[Consensus]:
    """Return the consensus of a queue's rows by their keys, in this order; without votes, an empty one, unsaved."""
    stored = Consensus.objects.select_related("subject")
    if rows.model is Consensus:
        found = stored.in_bulk(keys)
    else:
        found = {row.subject_id: row for row in stored.filter(workflow=workflow, subject__in=keys)}
        if without := set(keys) - set(found):
            subjects = with_or_without_votes(workflow).in_bulk(without)
            found |= {pk: _empty(workflow, subject) for pk, subject in subjects.items()}
    return [found[pk] for pk in keys if pk in found]


def _empty(workflow: Workflow, subject: Any) -> Consensus:
    return Consensus(workflow=workflow, subject=subject, posterior=workflow.prior, p_model=subject.p_model)
