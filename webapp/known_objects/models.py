"""Orbit catalogues, jobs that match subjects with them, and the matches."""

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject, Survey
from webapp.core.jobs import Job


def folder() -> Path:
    """Return the folder of the catalogues' files."""
    return Path(settings.DATA) / "orbits"


class OrbitCatalogue(models.Model):
    """One version of the orbits of known objects. Its files lie in the data folder; the newest version is used."""

    checksum = models.CharField(max_length=64, unique=True, help_text="blake2b of the files; names them too")
    asteroids = models.CharField(max_length=200, blank=True, help_text="name of the file that was loaded")
    comets = models.CharField(max_length=200, blank=True, help_text="name of the file that was loaded")
    orbits = models.PositiveIntegerField()
    bad_lines = models.PositiveIntegerField(default=0, help_text="lines of the files that are no orbits")
    epoch = models.FloatField(help_text="MJD, TT: the median epoch of the elements")
    loaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.asteroids or self.comets} of {self.loaded_at:%Y-%m-%d}"

    @property
    def asteroid_file(self) -> Path:
        return folder() / f"{self.checksum}.asteroids"

    @property
    def comet_file(self) -> Path:
        return folder() / f"{self.checksum}.comets"


class MatchRun(Job):
    """One match of a survey's subjects with a catalogue; `done` counts subjects."""

    task: ClassVar[str] = "tasks.known.run"
    title = _("Search for known objects")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="match_runs")
    catalogue = models.ForeignKey(OrbitCatalogue, on_delete=models.PROTECT, related_name="runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey"], condition=Q(state="queued"), name="one_match_run_waits_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Match {self.pk} of {self.survey}"


class IdentityCheck(models.Model):
    """That a subject was compared with a catalogue. Without candidates it is unidentified, which is not yet new."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="identity_check")
    catalogue = models.ForeignKey(OrbitCatalogue, on_delete=models.PROTECT, related_name="checks")
    detections = models.PositiveSmallIntegerField(help_text="with time and position; 0 if nothing could be compared")
    candidates = models.PositiveSmallIntegerField()
    orbit_days = models.FloatField(null=True, help_text="from the catalogue's epoch to the detections")
    checked_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["candidates", "subject"], name="identity_by_candidates")]

    def __str__(self) -> str:
        return f"{self.candidates} candidates for {self.subject}"


class KnownMatch(models.Model):
    """A known object that a subject may be; all candidates are kept."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="known_matches")
    designation = models.CharField(max_length=40)
    detections = models.PositiveSmallIntegerField(help_text="of the subject that lie near the object")
    separation = models.FloatField(help_text="arcsec, mean")
    along = models.FloatField(help_text="arcsec, mean: detection minus prediction along the predicted motion")
    across = models.FloatField(help_text="arcsec, mean: to the left of the motion")
    orbit_error = models.FloatField(null=True, help_text="arcsec, 1σ along the orbit")
    magnitude = models.FloatField(null=True, help_text="predicted V")
    rate = models.FloatField(help_text="arcsec/h, predicted")
    position_angle = models.FloatField(help_text="deg from north through east, predicted")

    class Meta:
        ordering = ["subject", "separation"]
        indexes = [models.Index(fields=["designation"], name="match_by_designation")]
        constraints = [
            models.UniqueConstraint(fields=["subject", "designation"], name="one_match_per_subject_and_object")
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.designation}"
