"""The audit log: what administrators did."""

from django.conf import settings
from django.db import models

from webapp.archive.models.survey import Survey


class AuditEntry(models.Model):
    """A write for which the role of an admin was asked, or a look at personal data by an administrator of the site.

    It says who sent what to which address, and the site's answer.

    Without a status, the site stopped before it answered; without an address, a job did it, or a command on the server,
    whose act begins with `manage.py`.
    """

    created_at = models.DateTimeField(auto_now_add=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    survey = models.ForeignKey(Survey, null=True, on_delete=models.SET_NULL, related_name="+")
    act = models.CharField(max_length=100, help_text="the address' name in the code, such as member-remove")
    address = models.CharField(max_length=300, blank=True)
    fields = models.JSONField(help_text="what was sent, shortened, without secrets")
    status = models.PositiveSmallIntegerField(null=True, help_text="of HTTP")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "-id"]), models.Index(fields=["survey", "-id"])]

    def __str__(self) -> str:
        return f"{self.user}: {self.act}"
