"""Reanalyses of all votes of a workflow, and the posteriors that they give."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject
from webapp.core.jobs import Job
from webapp.workflows.models import Workflow


class Aggregation(Job):
    """One reanalysis of all votes of a workflow by Dawid–Skene.

    A finished one has a version; its posteriors are kept until two later versions exist.
    """

    task: ClassVar[str] = "tasks.aggregation.run"
    title = _("Reanalysis of votes")
    patience: ClassVar[timedelta] = timedelta(hours=2)  # all votes are fitted at once

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="aggregations")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    version = models.PositiveIntegerField(null=True)
    votes = models.PositiveBigIntegerField(default=0)
    subjects = models.PositiveIntegerField(default=0)
    voters = models.PositiveIntegerField(default=0)
    iterations = models.PositiveSmallIntegerField(default=0)
    has_converged = models.BooleanField(default=False)
    log_likelihood = models.FloatField(null=True)
    share_yes = models.FloatField(null=True, help_text="of the subjects")
    disagreements = models.PositiveIntegerField(default=0, help_text="subjects that come out the other way live")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["workflow", "version"], name="one_aggregation_per_version"),
            models.UniqueConstraint(
                fields=["workflow"], condition=Q(state="queued"), name="one_aggregation_waits_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Aggregation {self.pk} of {self.workflow}"


class AggregatedPosterior(models.Model):
    """The posterior of a subject in one aggregation, beside the live one at that moment."""

    aggregation = models.ForeignKey(Aggregation, on_delete=models.CASCADE, related_name="posteriors")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    posterior = models.FloatField(help_text="probability of yes")
    live = models.FloatField(help_text="the consensus' posterior then")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["aggregation", "subject"], name="one_posterior_per_aggregation")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.posterior:.2f}, live {self.live:.2f}"
