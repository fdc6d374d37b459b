"""The state of the whole site: parts, jobs, disk, the last classification and backup, versions."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from webapp.classifications.models import Classification
from webapp.core import environment
from webapp.core.cached_figures import cached_figure
from webapp.core.disks import Disk, data_disk, pixel_disk
from webapp.core.health import check_health
from webapp.core.models import Backup
from webapp.operations.alert_ways import receivers
from webapp.operations.alerts import undelivered
from webapp.operations.job_overview import FailedJob, JobsOfKind, failed_jobs, job_kinds
from webapp.operations.restarts import Restarts, restart_problems, restarts_of_the_day
from webapp.operations.stream_status import all_streams, stream_problems
from webapp.operations.worker_queues import queue_problems, workers_by_queue
from webapp.streams.models import Stream
from webapp.workflows.models import Workflow

FRESH_SECONDS = 600


@dataclass(frozen=True)
class DiskUsage(Disk):
    """Bytes free and in all on the data folder's disk, and in each of its folders, the largest first."""

    folders: tuple[tuple[str, int], ...]


def disk_usage() -> DiskUsage:
    """Return the usage; the folders' sizes may be ten minutes old, since millions of files take a while."""
    disk = data_disk()
    return DiskUsage(disk.free, disk.total, cached_figure("disk-usage", _folders, FRESH_SECONDS))


def _folders() -> tuple[tuple[str, int], ...]:
    sizes = [(entry.name, _size(Path(entry.path))) for entry in os.scandir(settings.DATA) if entry.is_dir()]
    return tuple(sorted(sizes, key=lambda each: -each[1]))


def _size(folder: Path) -> int:
    return sum(_file_sizes(folder))


def _file_sizes(folder: Path) -> Iterator[int]:
    for path, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            try:
                yield os.lstat(os.path.join(path, name)).st_blocks * 512
            except FileNotFoundError:  # deleted meanwhile
                continue


LIBRARIES = ("celery", "psycopg", "zarr", "torch", "openvino")


@dataclass(frozen=True)
class Activity:
    """A workflow's newest counted classification, how many it got within the last hour, and all of the last minute.

    Those of the minute include what can still be undone, as they come in; the others don't.
    """

    workflow: Workflow
    newest: datetime | None
    last_hour: int
    last_minute: int


@dataclass(frozen=True)
class SiteStatus:
    parts: dict[str, str]
    jobs: list[JobsOfKind]
    workers: dict[str, int]
    failed: list[FailedJob]
    dismissed: list[FailedJob]
    receivers: dict[str, str]
    undelivered: list[str]
    restarts: Restarts
    restart_problems: list[str]
    disk: DiskUsage
    pixel_disk: Disk | None
    activity: list[Activity]
    streams: list[Stream]
    backup: Backup | None
    versions: dict[str, str]

    @property
    def backup_is_late(self) -> bool:
        return self.backup is None or self.backup.is_late

    @property
    def workers_of_jobs(self) -> list[tuple[JobsOfKind, int]]:
        """Return each kind of job with the number of workers that serve its queue."""
        return [(kind, self.workers[kind.queue]) for kind in self.jobs]

    @property
    def failures(self) -> int:
        """Return how many jobs have failed; `failed` has the newest of them."""
        return sum(kind.failed for kind in self.jobs)

    @property
    def queue_problems(self) -> list[str]:
        return list(queue_problems(self.workers).values())

    @property
    def stream_problems(self) -> list[str]:
        return list(stream_problems(self.streams).values())


def site_status() -> SiteStatus:
    return SiteStatus(
        parts=check_health(),
        jobs=job_kinds(),
        workers=workers_by_queue(),
        failed=failed_jobs(),
        dismissed=failed_jobs(is_dismissed=True),
        receivers=receivers(),
        undelivered=undelivered(),
        restarts=restarts_of_the_day(),
        restart_problems=list(restart_problems().values()),
        disk=disk_usage(),
        pixel_disk=pixel_disk(),
        activity=activity(),
        streams=all_streams(),
        backup=Backup.objects.newest(),
        versions=versions(),
    )


def activity() -> list[Activity]:
    """Return the activity of each workflow, by the indexes of counted and of held back classifications."""
    return [_activity(workflow) for workflow in Workflow.objects.select_related("survey").order_by("pk")]


def versions() -> dict[str, str]:
    """Return versions of the site, Python, Django, PostgreSQL and what is installed of the large libraries."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (server,) = cursor.fetchone()
    found = {"Wanderers": environment.version(), "Python": platform.python_version(), "Django": django.get_version()}
    found["PostgreSQL"] = server
    return found | {name: installed for name in LIBRARIES if (installed := _version(name))}


def _activity(workflow: Workflow) -> Activity:
    now = timezone.now()
    counted = Classification.objects.counted().filter(workflow=workflow)
    newest = counted.aggregate(newest=Max("created_at"))["newest"]
    last_hour = counted.filter(created_at__gt=now - timedelta(hours=1)).count()
    held_back = Classification.objects.held_back().filter(workflow=workflow)
    recent = Q(created_at__gt=now - timedelta(minutes=1))
    return Activity(workflow, newest, last_hour, counted.filter(recent).count() + held_back.filter(recent).count())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
