"""Volunteers: people who classify, with or without an account."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _


class Volunteer(models.Model):
    """Somebody who classifies: an account, or a browser known by its signed cookie."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="merged")
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.user.get_username() if self.user else _("visitor %(key)s") % {"key": str(self.key)[:8]}
