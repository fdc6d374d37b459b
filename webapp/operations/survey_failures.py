"""A survey's failed jobs, each with the page where its reader can go on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from webapp.archive.models import Membership, Role, Survey
from webapp.core.jobs import Job
from webapp.known_objects.models import OrbitLoad
from webapp.operations.job_overview import failures, job_models

FAILED_FOR = timedelta(days=7)
MOST = 20
PAGES = {
    "consensus.aggregation": "reanalysis",
    "known_objects.matchrun": "known-objects",
    "known_objects.orbitload": "known-objects",
    "learning.explanation": "subject",
    "learning.scoringrun": "learning",
    "linking.linkrun": "linking",
    "linking.trackletbuild": "linking",
    "quality.qualityscan": "quality-control",
    "reports.neoscore": "motion",
    "retention.retentionrun": "retention",
    "synthetics.injection": "training",
}
"""Pages that show the newest jobs of a kind, and start another; some kinds have a page for each job instead."""

OF_WORKFLOW, OF_SUBJECT = ("reanalysis",), ("subject", "motion")
FOR_ADMINS = ("archive.ingestrun", "retention.retentionrun")
"""Kinds whose pages only admins may open."""


@dataclass(frozen=True)
class FailedJob:
    """A job that failed, its kind and number, and why; `address` is of its page, empty if its reader has none."""

    title: Promise
    pk: int
    at: datetime
    error: str
    address: str


def failed_jobs_of(survey: Survey, reader: User) -> list[FailedJob]:
    """Return the survey's jobs of every kind that failed within the week, and loads of orbits, newest first.

    Those that an administrator has dismissed are left out.
    """
    since = timezone.now() - FAILED_FOR
    is_admin = Membership.objects.allows(reader, survey, Role.ADMIN)
    found = []
    for model in job_models().values():
        if (of_survey := _of_survey(model, survey)) is not None:
            rows = failures(model).filter(of_survey, finished_at__gte=since)
            for row in rows.order_by("-finished_at")[:MOST]:
                address = _address(row, survey, is_admin=is_admin)
                found.append(FailedJob(model.title, row.pk, row.finished_at or since, row.error, address))
    return sorted(found, key=lambda job: job.at, reverse=True)[:MOST]


def _of_survey(model: type[Job], survey: Survey) -> Q | None:
    """Return the filter of a survey's jobs; None for parts of other jobs. All surveys share the orbits."""
    if model is OrbitLoad:
        return Q()
    names = {field.name for field in model._meta.get_fields()}
    paths = {"survey": "survey"} | {name: f"{name}__survey" for name in ("workflow", "checkpoint", "subject")}
    return next((Q(**{path: survey}) for name, path in paths.items() if name in names), None)


def _address(job: Any, survey: Survey, *, is_admin: bool) -> str:
    kind = job._meta.label_lower
    if kind in FOR_ADMINS and not is_admin:
        return ""
    if hasattr(job, "get_absolute_url"):
        return str(job.get_absolute_url())
    if (page := PAGES.get(kind)) is None:
        return ""
    of = [job.workflow.slug] if page in OF_WORKFLOW else [job.subject_id] if page in OF_SUBJECT else []
    return reverse(page, args=[survey.slug, *of])
