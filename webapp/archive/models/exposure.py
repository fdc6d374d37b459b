from django.db import models

from webapp.archive.models.survey import Survey


class Exposure(models.Model):
    """One opening of the shutter: what the frames cut from it share."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="exposures")
    external_id = models.CharField(max_length=120)
    mjd_mid = models.FloatField(null=True, help_text="UTC, middle of the exposure")
    mjd_keyword = models.CharField(max_length=60, blank=True, help_text="The header keyword that gave the time")
    exptime = models.FloatField(null=True, help_text="s")
    band = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "external_id"], name="one_row_per_exposure")]

    def __str__(self) -> str:
        return self.external_id
