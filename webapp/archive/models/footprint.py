"""Uploaded regions of the sky."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from webapp.archive.models.survey import Survey


class Footprint(models.Model):
    """A MOC for the archive search: ranges of HEALPix cells of order 29, each from `lows` to before `highs`."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="footprints")
    name = models.CharField(max_length=60)
    lows = ArrayField(models.BigIntegerField())
    highs = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["survey", "name"], name="one_footprint_per_name")]

    def __str__(self) -> str:
        return self.name
