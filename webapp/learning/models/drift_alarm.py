"""Alarms: nights on which a champion's scores have shifted."""

from django.db import models

from webapp.learning.models.checkpoints import Checkpoint


class DriftAlarm(models.Model):
    """The newest night's scores had shifted when the champion had scored it; at most one training run follows."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="drift_alarms")
    night = models.IntegerField(help_text="MJD")
    index = models.FloatField(help_text="population stability index against the reference")
    subjects = models.PositiveIntegerField()
    is_answered = models.BooleanField(default=False, help_text="a training run was started for it")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "night"], name="one_drift_alarm_per_night")]

    def __str__(self) -> str:
        return f"{self.checkpoint}: MJD {self.night}"
