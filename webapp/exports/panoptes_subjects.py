"""Panoptes subject export: a row for each subject and set that it is in."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from webapp.archive.models import SubjectSet
from webapp.core.csv_writer import csv_parts, moment
from webapp.exports.paging import queued
from webapp.exports.subject_facts import facts_of
from webapp.workflows.models import Workflow

COLUMNS = (
    "subject_id", "project_id", "workflow_id", "subject_set_id", "metadata", "locations", "classifications_count",
    "retired_at", "retirement_reason", "created_at", "updated_at",
)  # fmt: skip


def subject_export(workflow: Workflow, address: str) -> Iterator[bytes]:
    return csv_parts(COLUMNS, (_rows(workflow, page, address) for page in queued(workflow)))


def _rows(workflow: Workflow, page: Sequence[int], address: str) -> Iterator[Sequence[Any]]:
    facts, sets = facts_of(workflow, page), _sets(workflow, page)
    for pk in page:
        subject, row = facts[pk].subject, facts[pk].consensus
        retired = row is not None and row.is_retired
        about = (
            json.dumps(facts[pk].metadata(), ensure_ascii=False),
            json.dumps({str(place): url for place, url in enumerate(facts[pk].pictures(address))}),
            row.votes if row else 0,
            moment(row.retired_at) if row and retired else "",
            row.retired_reason if row and retired else "",
            moment(subject.created_at),
            moment(row.updated_at if row else subject.created_at),
        )
        for of in sets.get(pk, [None]):
            yield (pk, subject.survey_id, workflow.pk, of, *about)


def _sets(workflow: Workflow, page: Sequence[int]) -> dict[int, list[int | None]]:
    """Return by subject the sets that the workflow draws it from."""
    members = SubjectSet.subjects.through.objects.filter(subject__in=page, subjectset__workflows=workflow)
    found: dict[int, list[int | None]] = defaultdict(list)
    for subject, of in members.order_by("subjectset").values_list("subject", "subjectset"):
        found[subject].append(of)
    return found
