"""A workflow as Panoptes' workflow export: one row."""

import json
from collections.abc import Iterator

from webapp.core.csv_writer import csv_parts
from webapp.review.exchange.panoptes_tasks import QUESTION, VERSION, tasks_of
from webapp.volunteers.models import Classification, QueueEntry, Workflow

COLUMNS = (
    "workflow_id", "display_name", "version", "active", "classifications_count", "pairwise", "grouped", "prioritized",
    "primary_language", "first_task", "tutorial_subject_id", "retired_set_member_subjects_count", "tasks",
    "retirement", "strings", "minor_version",
)  # fmt: skip


def workflow_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(COLUMNS, [[_row(workflow)]])


def _row(workflow: Workflow) -> list[object]:
    tasks, strings = tasks_of(workflow)
    retirement = {"criteria": "classification_count", "options": {"count": workflow.max_votes}}
    return [
        workflow.pk,
        workflow.name,
        VERSION[0],
        str(workflow.is_active).lower(),
        Classification.objects.counted().filter(workflow=workflow).count(),
        "false",
        "false",
        "false",
        "en",
        QUESTION,
        "",
        QueueEntry.objects.filter(workflow=workflow, is_retired=True).count(),
        json.dumps(tasks),
        json.dumps(retirement),
        # Panoptes' own tools read this as Python, so every value is a string and nothing is escaped in pairs.
        json.dumps(strings, ensure_ascii=False),
        VERSION[1],
    ]
