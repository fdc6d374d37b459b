"""Exposures, and the frames of a subject that were cut from them."""

from django.db import models

from webapp.archive.models.subject import Subject
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


class Frame(models.Model):
    """One picture of a subject, and where and when it was taken."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="frames")
    exposure = models.ForeignKey(Exposure, null=True, blank=True, on_delete=models.SET_NULL, related_name="frames")
    position = models.PositiveSmallIntegerField(help_text="0 for the first")
    mjd_mid = models.FloatField(null=True, help_text="UTC, middle of the exposure")
    mjd_keyword = models.CharField(max_length=60, blank=True, help_text="The header keyword that gave the time")
    exptime = models.FloatField(null=True, help_text="s")
    band = models.CharField(max_length=20, blank=True)
    ra = models.FloatField(null=True, help_text="deg, ICRS")
    dec = models.FloatField(null=True, help_text="deg, ICRS")
    mag = models.FloatField(null=True)
    snr = models.FloatField(null=True)
    wcs = models.JSONField(null=True, help_text="FITS WCS cards, for the stamp's own pixels")
    masked_fraction = models.FloatField(default=0.0, help_text="share of pixels that are NaN")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["subject", "position"], name="one_frame_per_position")]

    def __str__(self) -> str:
        return f"{self.subject} frame {self.position}"
