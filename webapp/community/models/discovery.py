from django.db import models

from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer, Workflow


class Discovery(models.Model):
    """Credit: somebody said yes to a subject before scientists confirmed it."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="discoveries")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="discoveries")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="discoveries")
    confirmed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "discoveries"
        ordering = ["-confirmed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["volunteer", "workflow", "subject"], name="credited_once_per_question")
        ]

    def __str__(self) -> str:
        return f"{self.subject}, seen by {self.volunteer}"
