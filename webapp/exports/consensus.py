"""Consensus export as CSV and Parquet, one page of rows at a time."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyarrow import csv

from ml.crowd.answer import CLASSES
from webapp.consensus.models import SETTLED_BY_VOTES, VOTE_COLUMNS
from webapp.core.csv_writer import csv_parts, moment
from webapp.core.sql import copy_text
from webapp.exports.classification_rows import PAGE, names_by_subject, test_sets_of, training_sets_of
from webapp.exports.parquet_writer import parquet_parts
from webapp.learning.model_roles import role_of
from webapp.learning.promotion import champion_of
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

FROZEN = ("training_sets", "test_sets")
"""Columns that are not in the database, but in the sets' files."""

_VOTES = " + ".join(f"row.{column}" for column in VOTE_COLUMNS.values())
_MOST = f"greatest({', '.join(f'row.{column}' for column in VOTE_COLUMNS.values())})"
_DECIDED = " + ".join(f"row.{VOTE_COLUMNS[answer]}" for answer in CLASSES)
_WINNERS = " ".join(
    f"WHEN row.{mine} > greatest({', '.join(f'row.{each}' for each in VOTE_COLUMNS.values() if each != mine)}) "
    f"THEN '{answer}'"
    for answer, mine in VOTE_COLUMNS.items()
)

# Other columns are the consensus' own. `label` is `Consensus.label`.
_VALUES = {
    "workflow": "%(slug)s",
    "external_id": "subject.external_id",
    "label": f"""CASE
        WHEN {_DECIDED} < CASE
            WHEN row.is_retired AND row.retired_reason = ANY(%(settled)s) THEN 1 ELSE %(decided)s END THEN ''
        WHEN row.posterior >= 0.5 THEN 'yes' ELSE 'no' END""",
    "votes": _VOTES,
    "winning_answer": f"CASE {_WINNERS} ELSE '' END",
    "winning_votes": _MOST,
    "agreement": f"({_MOST})::float8 / nullif({_VOTES}, 0)",
    "is_gold": "subject.gold_label <> ''",
    "gold_label": "subject.gold_label",
    "gold_source": "subject.gold_source",
    "ruling": "ruling.verdict",
    "ruling_label": "ruling.label",
    "ruled_at": "ruling.created_at",
    "champion": "CASE WHEN score.p_real IS NOT NULL THEN %(champion)s END",
    "champion_score": "score.p_real",
}
# The page is cut out first: the planner would join everything before it, for every page.
READ = f"""
    WITH row AS MATERIALIZED (
        SELECT * FROM consensus_consensus WHERE workflow_id = %(workflow)s AND subject_id > %(after)s
            AND subject_id NOT IN (SELECT id FROM archive_subject WHERE survey_id = %(survey)s AND is_synthetic)
        ORDER BY subject_id LIMIT %(page)s
    )
    SELECT {", ".join(_VALUES.get(name, f"row.{name}") for name in SCHEMA.names if name not in FROZEN)}
    FROM row JOIN archive_subject AS subject ON subject.id = row.subject_id
    LEFT JOIN review_ruling AS ruling ON ruling.subject_id = row.subject_id
        AND ruling.workflow_id = row.workflow_id AND ruling.withdrawn_at IS NULL
    LEFT JOIN learning_score AS score ON score.subject_id = row.subject_id AND score.checkpoint_id = %(model)s
    ORDER BY row.subject_id
"""  # noqa: S608  # column names of our own models
# COPY leaves null empty and quotes an empty string.
_CSV = {
    "read_options": csv.ReadOptions(column_names=[name for name in SCHEMA.names if name not in FROZEN]),
    "parse_options": csv.ParseOptions(newlines_in_values=True),
    "convert_options": csv.ConvertOptions(
        column_types=SCHEMA, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False,
        true_values=["t"], false_values=["f"],
    ),
}  # fmt: skip


def consensus_pages(workflow: Workflow) -> Iterator[pa.Table]:
    """Yield a row for each subject with votes or a verdict, without synthetic ones, in tables of a page each.

    The rows go from the database into columns as text, since a Python object of each would take most of the time.
    """
    frozen = dict(zip(FROZEN, (training_sets_of(workflow), test_sets_of(workflow)), strict=True))
    champion = champion_of(workflow.survey, role_of(workflow))
    of = {
        "workflow": workflow.pk, "survey": workflow.survey_id, "slug": workflow.slug,
        "decided": max(workflow.min_votes, 1), "page": PAGE,
        "settled": list(SETTLED_BY_VOTES), "model": champion and champion.pk, "champion": str(champion),
    }  # fmt: skip
    after = 0
    while text := copy_text(READ, of | {"after": after}):
        table = csv.read_csv(io.BytesIO(text), **_CSV)
        subjects = table["subject_id"].to_pylist()
        for column, sets in frozen.items():
            names = names_by_subject(sets, subjects)
            table = table.append_column(column, pa.array([names.get(each, "") for each in subjects], pa.string()))
        yield table.select(SCHEMA.names)
        after = subjects[-1]


def consensus_csv(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(SCHEMA.names, (_rows(page) for page in consensus_pages(workflow)))


def _rows(page: pa.Table) -> Iterator[list[Any]]:
    columns = [column.to_pylist() for column in page.columns]
    return ([_cell(value) for value in row] for row in zip(*columns, strict=True))


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
