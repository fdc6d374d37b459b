"""Consensus export as CSV and Parquet, one page of rows at a time."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.core.csv_writer import csv_parts, moment
from webapp.exports.classification_rows import PAGE, names_by_subject, test_sets_of, training_sets_of
from webapp.exports.parquet_writer import parquet_parts
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, Score
from webapp.learning.promotion import champion_of
from webapp.review.models import Ruling
from webapp.workflows.models import Workflow

MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("workflow", pa.string()),
        ("subject_id", pa.int64()),
        ("external_id", pa.string()),
        ("label", pa.string()),
        ("posterior", pa.float64()),
        ("votes", pa.int32()),
        ("winning_answer", pa.string()),
        ("winning_votes", pa.int32()),
        ("agreement", pa.float64()),
        *((column, pa.int32()) for column in VOTE_COLUMNS.values()),
        ("follow_ups", pa.string()),
        ("method", pa.string()),
        ("version", pa.int32()),
        ("is_retired", pa.bool_()),
        ("retired_reason", pa.string()),
        ("retired_at", MOMENT),
        ("updated_at", MOMENT),
        ("is_gold", pa.bool_()),
        ("gold_label", pa.string()),
        ("gold_source", pa.string()),
        ("training_sets", pa.string()),
        ("test_sets", pa.string()),
        ("ruling", pa.string()),
        ("ruling_label", pa.string()),
        ("ruled_at", MOMENT),
        ("champion", pa.string()),
        ("champion_score", pa.float64()),
    ]
)

Row = dict[str, Any]


def consensus_pages(workflow: Workflow) -> Iterator[list[Row]]:
    """Yield a row for each subject with votes or a verdict, without synthetic ones, in pages."""
    frozen = training_sets_of(workflow), test_sets_of(workflow)
    champion = champion_of(workflow.survey, role_of(workflow))
    rows = workflow.consensus.filter(subject__is_synthetic=False).order_by("subject")
    after = 0
    while page := list(rows.filter(subject__gt=after).select_related("subject")[:PAGE]):
        subjects = [row.subject_id for row in page]
        used, judged = (names_by_subject(sets, subjects) for sets in frozen)
        rulings, scores = _rulings(workflow, subjects), _scores(champion, subjects)
        yield [
            {
                "workflow": workflow.slug,
                **_votes(row),
                **_known(row),
                "training_sets": used.get(row.subject_id, ""),
                "test_sets": judged.get(row.subject_id, ""),
                **rulings.get(row.subject_id, {}),
                "champion": str(champion) if row.subject_id in scores else None,
                "champion_score": scores.get(row.subject_id),
            }
            for row in page
        ]
        after = subjects[-1]


def _votes(row: Consensus) -> Row:
    votes = row.votes_by_answer
    most = max(votes.values())
    winners = [answer for answer, number in votes.items() if number == most]
    return {
        "label": row.label,
        "posterior": row.posterior,
        "votes": row.votes,
        "winning_answer": winners[0] if len(winners) == 1 else "",
        "winning_votes": most,
        "agreement": most / row.votes if row.votes else None,
        **{VOTE_COLUMNS[answer]: number for answer, number in votes.items()},
        "follow_ups": json.dumps(row.follow_ups, ensure_ascii=False),
        "method": row.method,
        "version": row.version,
        "is_retired": row.is_retired,
        "retired_reason": row.retired_reason,
        "retired_at": row.retired_at,
        "updated_at": row.updated_at,
    }


def _known(row: Consensus) -> Row:
    subject = row.subject
    return {
        "subject_id": subject.pk,
        "external_id": subject.external_id,
        "is_gold": bool(subject.gold_label),
        "gold_label": subject.gold_label,
        "gold_source": subject.gold_source,
    }


def _rulings(workflow: Workflow, subjects: Sequence[int]) -> dict[int, Row]:
    standing = Ruling.objects.filter(workflow=workflow, subject__in=subjects, withdrawn_at=None)
    return {
        ruling.subject_id: {"ruling": ruling.verdict, "ruling_label": ruling.label, "ruled_at": ruling.created_at}
        for ruling in standing
    }


def _scores(champion: Checkpoint | None, subjects: Sequence[int]) -> dict[int, float]:
    if champion is None:
        return {}
    return dict(Score.objects.filter(checkpoint=champion, subject__in=subjects).values_list("subject", "p_real"))


def consensus_csv(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(SCHEMA.names, ([_cells(row) for row in page] for page in consensus_pages(workflow)))


def _cells(row: Row) -> list[Any]:
    return [_cell(row.get(name)) for name in SCHEMA.names]


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return moment(value)
    return value


def consensus_parquet(workflow: Workflow) -> Iterator[bytes]:
    """Yield the parts of a Parquet file with the workflow in its metadata."""
    about = {"workflow": workflow.slug, "survey": workflow.survey.slug, "question": workflow.question}
    schema = SCHEMA.with_metadata({"wanderers": json.dumps(about)})
    return parquet_parts(schema, consensus_pages(workflow))
