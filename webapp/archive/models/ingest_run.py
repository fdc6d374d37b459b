"""Ingest runs (jobs), their errors and messages."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ml.io.message import after
from webapp.archive.models.subject import SET_NAME_LENGTH
from webapp.archive.models.survey import Survey
from webapp.core.jobs import Job
from webapp.core.stored_messages import MessageField, Sentence
from webapp.core.touched import Touched

NOTHING_READ = Sentence("Nothing could be read. %(problem)s")
ALL_BAD = Sentence("Nothing could be read. All %(count)s rows or files are bad; the first: %(problem)s")
NOT_INGESTED = Sentence("%(problem)s Nothing was ingested.")
NOT_INGESTED_FURTHER = Sentence("%(problem)s Nothing more was ingested.")
OTHER_PIXELS = Sentence(
    "has the name %(name)s, as another image has. The first is kept. If this is another detection, give it a name "
    "of its own."
)
IN_ROW = Sentence("%(file)s row %(row)s: %(problem)s")

MOST_PROBLEMS = 10_000
"""A run keeps its first problems, and its first warnings; `IngestRun.bad` counts all problems."""


class IngestRun(Touched, Job):
    """One ingest of a file or folder into a survey; `done` counts the rows read."""

    task: ClassVar[str] = "tasks.ingest.run"
    title = _("Ingest")
    patience: ClassVar[timedelta] = timedelta(hours=2)  # a file of MAX_UPLOAD_MB may be fetched slowly

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="ingest_runs")
    path = models.TextField()
    root = models.CharField(
        max_length=500, blank=True, default="", help_text="where the manifest's files are; empty: beside it"
    )
    kind = models.CharField(max_length=10, blank=True, default="")
    subject_set = models.CharField(max_length=SET_NAME_LENGTH)
    dry_run = models.BooleanField(default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    added = models.PositiveBigIntegerField(default=0)
    known = models.PositiveBigIntegerField(default=0, help_text="had this external_id already")
    joined = models.PositiveBigIntegerField(default=0, help_text="known ones that were added to the subject set")
    duplicates = models.PositiveBigIntegerField(default=0, help_text="pixels that another subject has")
    bad = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Ingest of {self.path} into {self.survey}"

    def get_absolute_url(self) -> str:
        return reverse("ingest-run", args=[self.survey.slug, self.pk])


class IngestProblem(models.Model):
    """A row or file that could not be read, and why; or that was, with a warning."""

    run = models.ForeignKey(IngestRun, on_delete=models.CASCADE, related_name="problems")
    file = models.TextField()
    row = models.PositiveBigIntegerField(null=True)
    reason = MessageField()
    is_warning = models.BooleanField(default=False, help_text="it was ingested all the same")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "file", "row"], nulls_distinct=False, name="one_problem_per_row")
        ]

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> str:
        """Where the problem is, and what."""
        if self.row is None:
            return after(self.file, self.reason)
        return IN_ROW(file=self.file, row=self.row, problem=self.reason)
