"""Rulings: a scientist's verdict on a subject."""

from django.conf import settings
from django.db import models

from webapp.archive.models import Subject
from webapp.workflows.models import Workflow


class Verdict(models.TextChoices):
    YES = "yes"
    NO = "no"


class Ruling(models.Model):
    """A scientist's verdict. The newest standing one counts; none is ever deleted."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="rulings")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="rulings")
    scientist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rulings")
    verdict = models.CharField(max_length=3, choices=Verdict)
    label = models.CharField(max_length=20, blank=True, default="", help_text="a fine class, where one was given")
    note = models.TextField(blank=True, default="")
    consensus_posterior = models.FloatField(null=True, help_text="what the volunteers said then")
    p_real = models.FloatField(null=True, help_text="what the champion said then")
    previous_gold = models.CharField(max_length=20, blank=True, default="", help_text="what undo brings back")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "workflow"], condition=models.Q(withdrawn_at=None), name="one_standing_ruling"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.subject} by {self.scientist}"
