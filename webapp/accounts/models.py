"""Invitations to the site, and API tokens."""

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


class ApiToken(models.Model):
    """A token by which a program acts for an account.

    Only its hash is stored, so that a copy of the database opens no door.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True, help_text="what it is for; blank: asked for by a program")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256, in hexadecimal")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or f"API token {self.pk}"
