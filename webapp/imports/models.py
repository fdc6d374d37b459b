"""Import jobs of classification files."""

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from webapp.core.jobs import Job
from webapp.workflows.models import Workflow


class ClassificationImport(Job):
    """One import of a file into a workflow; `done` counts its rows.

    Each batch of rows is committed with the counters here, so an interrupted import resumes after the last imported
    row.
    """

    task: ClassVar[str] = "tasks.imports.run"
    title = _("Import of classifications")

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="imports")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    path = models.TextField()
    is_upload = models.BooleanField(default=False, help_text="the file is removed once it is in")
    options = models.JSONField(help_text="what the scientist said of the file")
    added = models.PositiveBigIntegerField(default=0)
    known = models.PositiveBigIntegerField(default=0, help_text="came in before")
    skipped = models.PositiveBigIntegerField(default=0)
    lines = models.PositiveBigIntegerField(default=0, help_text="marks that came in with answers")
    report = models.JSONField(default=dict, help_text="by reason: how often, and the first examples")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Import {self.pk} into {self.workflow}"

    def get_absolute_url(self) -> str:
        return reverse("import-run", args=[self.workflow.survey.slug, self.workflow.slug, self.pk])

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name
