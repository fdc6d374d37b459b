"""Small files in foreign formats, and their import."""

import csv
import json

from webapp.imports.mapping import Choices
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import bring_in, new_import

YES_NO = {"Yes": "yes", "No": "no", "Not sure": "unsure"}
PANOPTES = Choices(source="zooniverse.org", match="metadata:name", task="T0", answers=YES_NO)
COLUMNS = (
    "classification_id", "user_name", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version",
    "created_at", "gold_standard", "expert", "metadata", "annotations", "subject_data", "subject_ids",
)  # fmt: skip


def panoptes_row(number, user, name, value="Yes", **changes):
    subject = f"9{number}"
    row = {
        "classification_id": number,
        "user_name": user,
        "user_id": 5,
        "user_ip": "00aa",
        "workflow_id": 7,
        "workflow_name": "Elsewhere",
        "workflow_version": "3.4",
        "created_at": "2025-01-21 16:08:41 UTC",
        "metadata": json.dumps({"started_at": "2025-01-21T16:08:30.500Z", "finished_at": "2025-01-21T16:08:41.100Z"}),
        "annotations": json.dumps([{"task": "T0", "task_label": "Real?", "value": value}]),
        "subject_data": json.dumps({subject: {"retired": None, "name": name}}),
        "subject_ids": subject,
    }
    return row | changes


def write_csv(path, rows, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def imported(workflow, path, choices=PANOPTES):
    """Import a file, in this process; return the import's final row."""
    job = new_import(workflow=workflow, path=path, by=None, choices=choices)
    bring_in(ClassificationImport.objects.claim(job.pk))
    job.refresh_from_db()
    return job


def counts(job):
    return {reason: said["count"] for reason, said in job.report.items()}
