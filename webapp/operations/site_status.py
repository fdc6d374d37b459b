"""The state of the whole site: parts, jobs, disk, the last classification and backup, versions."""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

import django
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from webapp.classifications.models import Classification
from webapp.core.health import look
from webapp.core.models import Backup
from webapp.operations.disk_usage import DiskUsage, disk_usage
from webapp.operations.job_overview import FailedJob, JobsOfKind, failed_jobs, job_kinds
from webapp.workflows.models import Workflow

LATE_BACKUP = timedelta(days=7)
LIBRARIES = ("celery", "psycopg", "zarr", "torch", "openvino")


@dataclass(frozen=True)
class Activity:
    """A workflow's newest classification, and how many it got within the last hour."""

    workflow: Workflow
    newest: datetime | None
    last_hour: int


@dataclass(frozen=True)
class SiteStatus:
    parts: dict[str, str]
    jobs: list[JobsOfKind]
    failed: list[FailedJob]
    disk: DiskUsage
    activity: list[Activity]
    backup: Backup | None
    versions: dict[str, str]

    @property
    def backup_is_late(self) -> bool:
        """Return whether there is no backup of the last seven days."""
        return self.backup is None or self.backup.finished_at < timezone.now() - LATE_BACKUP


def site_status() -> SiteStatus:
    newest_backup = Backup.objects.order_by("finished_at").last()
    return SiteStatus(look(), job_kinds(), failed_jobs(), disk_usage(), activity(), newest_backup, versions())


def activity() -> list[Activity]:
    """Return the activity of each workflow, by the index on workflow and time."""
    since = timezone.now() - timedelta(hours=1)
    return [_activity(workflow, since) for workflow in Workflow.objects.select_related("survey").order_by("pk")]


def versions() -> dict[str, str]:
    """Return versions of Python, Django, PostgreSQL and what is installed of the large libraries."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (server,) = cursor.fetchone()
    found = {"Python": platform.python_version(), "Django": django.get_version(), "PostgreSQL": server}
    return found | {name: installed for name in LIBRARIES if (installed := _version(name))}


def _activity(workflow: Workflow, since: datetime) -> Activity:
    counted = Classification.objects.counted().filter(workflow=workflow)
    newest = counted.aggregate(newest=Max("created_at"))["newest"]
    return Activity(workflow, newest, counted.filter(created_at__gt=since).count())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
