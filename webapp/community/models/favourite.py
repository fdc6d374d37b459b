from django.db import models

from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer


class Favourite(models.Model):
    """A subject that somebody wants to find again."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="favourites")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["volunteer", "subject"], name="one_heart_per_subject")]
        indexes = [models.Index(fields=["volunteer", "-id"])]

    def __str__(self) -> str:
        return f"{self.subject}, a favourite of {self.volunteer}"
