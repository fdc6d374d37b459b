from django.db import models
from django.db.models import Q

from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer


class Notification(models.Model):
    """Something that a volunteer should hear of."""

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed"
        TAKEN_BACK = "taken-back"
        COMMENTED = "commented"

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["volunteer", "-id"]),
            models.Index(fields=["volunteer"], name="unread_notifications", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}, to {self.volunteer}"
