"""Invitations to the site."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from webapp.archive.models import Role, Survey


class Invitation(models.Model):
    """An invitation to the site, or to a role in a survey, by a link that works once.

    The link is signed, not stored, so that a copy of the database opens no door.
    """

    email = models.EmailField(blank=True, help_text="where the link was sent; blank: handed over by the admin")
    survey = models.ForeignKey(Survey, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role, blank=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(survey=None, role="") | Q(survey__isnull=False) & ~Q(role=""), name="role_in_a_survey"
            )
        ]

    def __str__(self) -> str:
        return self.email or f"Invitation {self.pk}"
