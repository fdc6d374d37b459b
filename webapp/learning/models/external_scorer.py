"""External scorers: models elsewhere, which answer signed HTTP requests."""

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models

from webapp.workflows.models import Workflow

SHORTEST_SECRET = 16


class ExternalScorer(models.Model):
    """An endpoint that scores a workflow's subjects (docs/external-scorers.md). The secret signs what is sent to it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="external_scorers")
    name = models.CharField(max_length=60)
    address = models.CharField(max_length=400)
    secret = models.CharField(max_length=200, validators=[MinLengthValidator(SHORTEST_SECRET)])
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workflow", "name"]
        constraints = [models.UniqueConstraint(fields=["workflow", "name"], name="one_external_scorer_per_name")]

    def __str__(self) -> str:
        return self.name
