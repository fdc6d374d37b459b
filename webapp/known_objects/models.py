"""Orbit catalogues, jobs that match subjects with them, and the matches."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ml.io.mjd import UNIX_EPOCH
from ml.sky.orbits import OLD_DAYS
from webapp.archive.models import Kind, Subject, Survey
from webapp.core.jobs import Job
from webapp.core.stored_messages import MessageField

GEOCENTRE = "500"
LONGEST_NOTE = 500  # characters
SEARCHED = [Kind.CUTOUT, Kind.CUBE]
"""Kinds whose position is their centre; objects lie anywhere in them, each with its own detection."""


def folder() -> Path:
    """Return the folder of the catalogues' files."""
    return Path(settings.DATA) / "orbits"


def is_old(days: float | None) -> bool:
    """Return whether elements are so many days from a detection that predictions are worse than their errors."""
    return days is not None and abs(days) > OLD_DAYS


def elements_date(days: float | None) -> str:
    """Return in words for when elements are, seen from an exposure so many days after their epoch."""
    if days is None:
        return ""
    n = round(abs(days))
    if not n:
        return _("same day")
    if days > 0:
        return ngettext("%(n)d day before", "%(n)d days before", n) % {"n": n}
    return ngettext("%(n)d day after", "%(n)d days after", n) % {"n": n}


def elements_date_sentence(days: float) -> str:
    """Return the same as a sentence."""
    n = round(abs(days))
    if not n:
        return _("The elements are for the day of the exposure.")
    if days > 0:
        sentence = ngettext(
            "The elements are for a date %(n)d day before the exposure.",
            "The elements are for a date %(n)d days before the exposure.",
            n,
        )
    else:
        sentence = ngettext(
            "The elements are for a date %(n)d day after the exposure.",
            "The elements are for a date %(n)d days after the exposure.",
            n,
        )
    return sentence % {"n": n}


class OrbitCatalogue(models.Model):
    """One version of the orbits of known objects. Its files lie in the data folder; the last loaded version is used."""

    checksum = models.CharField(max_length=64, unique=True, help_text="blake2b of the files; names them too")
    asteroids = models.CharField(max_length=200, blank=True, help_text="name of the file that was loaded")
    comets = models.CharField(max_length=200, blank=True, help_text="name of the file that was loaded")
    orbits = models.PositiveIntegerField()
    bad_lines = models.PositiveIntegerField(default=0, help_text="lines of the files that are no orbits")
    warning = MessageField(blank=True, default="", help_text="that a file is truncated")
    epoch = models.FloatField(help_text="MJD, TT: the median epoch of the elements")
    loaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-loaded_at", "-id"]

    def __str__(self) -> str:
        return f"{self.asteroids or self.comets} of {self.loaded_at:%Y-%m-%d}"

    @property
    def days_old(self) -> int:
        """Return the days from the epoch to today; 0 for an epoch ahead, as the Minor Planet Center has them."""
        return max(0, round(timezone.now().timestamp() / 86_400 + UNIX_EPOCH - self.epoch))

    @property
    def is_old(self) -> bool:
        return is_old(self.days_old)

    @property
    def asteroid_file(self) -> Path:
        return folder() / f"{self.checksum}.asteroids"

    @property
    def comet_file(self) -> Path:
        return folder() / f"{self.checksum}.comets"


class OrbitLoad(Job):
    """One load of the files that the setting ORBITS names."""

    task: ClassVar[str] = "tasks.orbits.run"
    title = gettext_lazy("Load of new orbits")

    fingerprint = models.CharField(max_length=32, blank=True, help_text="of the files' names, sizes and times")
    catalogue = models.ForeignKey(OrbitCatalogue, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="queued"), name="one_orbit_load_waits_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Load {self.pk} of orbits"


class MatchRun(Job):
    """One match of a survey's subjects with a catalogue; `done` counts subjects."""

    task: ClassVar[str] = "tasks.known.run"
    title = gettext_lazy("Search for known objects")
    patience: ClassVar[timedelta] = timedelta(hours=4)  # a report for every 5,000 subjects, each seen at several times

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


def measured_with(survey: Survey) -> dict[str, Any]:
    """Return what a comparison depends on besides orbits and detections.

    The survey's observatory and usual errors, and each set in which a workflow has known objects for gold.
    """
    asking = survey.workflows.filter(known_objects_are_gold=True).exclude(subject_sets=None)
    gold_in = [list(row) for row in asking.order_by("pk", "subject_sets").values_list("pk", "subject_sets")]
    measured = {"observatory": survey.observatory or GEOCENTRE, **survey.usual_errors()}
    return measured | ({"gold_in": gold_in} if gold_in else {})


class IdentityCheck(models.Model):
    """That a subject was compared with a catalogue. With an unmatched detection it is unidentified, not yet new."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="identity_check")
    catalogue = models.ForeignKey(OrbitCatalogue, on_delete=models.PROTECT, related_name="checks")
    detections = models.PositiveSmallIntegerField(help_text="with time and position; 0 if nothing could be compared")
    candidates = models.PositiveSmallIntegerField()
    unmatched = models.PositiveSmallIntegerField(
        default=0,
        help_text="detections near no candidate; of a cutout or cube each trail or track alone, of others all or none",
    )
    orbit_days = models.FloatField(null=True, help_text="from the catalogue's epoch to the detections")
    measured_with = models.JSONField(default=dict, help_text="the survey's `measured_with` then; empty if unknown")
    checked_at = models.DateTimeField(default=timezone.now, help_text="lines that were drawn later are not compared")

    class Meta:
        indexes = [
            models.Index(fields=["candidates", "subject"], name="identity_by_candidates"),
            models.Index(fields=["subject"], name="identity_compared", condition=models.Q(detections__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.candidates} candidates for {self.subject}"

    @property
    def is_old(self) -> bool:
        return is_old(self.orbit_days)

    @property
    def elements_date(self) -> str:
        return elements_date(self.orbit_days)

    @property
    def elements_date_sentence(self) -> str:
        return "" if self.orbit_days is None else elements_date_sentence(self.orbit_days)


class Prediction(models.Model):
    """Where a known object was predicted, seen from a subject's detections."""

    designation = models.CharField(max_length=40)
    detections = models.PositiveSmallIntegerField(help_text="of the subject that lie near the object")
    separation = models.FloatField(help_text="arcsec, mean")
    along = models.FloatField(help_text="arcsec, mean: detection minus prediction along the predicted motion")
    across = models.FloatField(help_text="arcsec, mean: to the left of the motion")
    orbit_error = models.FloatField(null=True, help_text="arcsec, 1σ along the orbit")
    sigma_along = models.FloatField(
        null=True,
        help_text="arcsec, 1σ of `along`: the orbit's error and the detections'; null if the orbit's is unknown",
    )
    sigma_across = models.FloatField(null=True, help_text="arcsec, 1σ of `across`: the detections' errors")
    orbit_days = models.FloatField(null=True, help_text="from the epoch of its elements to the detections, mean")
    magnitude = models.FloatField(null=True, help_text="predicted V")
    rate = models.FloatField(help_text="arcsec/h, predicted")
    position_angle = models.FloatField(help_text="deg from north through east, predicted")

    class Meta:
        abstract = True

    @property
    def is_old(self) -> bool:
        return is_old(self.orbit_days)

    @property
    def elements_date(self) -> str:
        return elements_date(self.orbit_days)

    @property
    def sigmas(self) -> float | None:
        """Return the distance in units of its combined σ; None if the orbit's error is unknown."""
        if not self.sigma_along or not self.sigma_across:
            return None
        return math.hypot(self.along / self.sigma_along, self.across / self.sigma_across)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Return names and addresses of services that know a small body by its designation."""
        name = quote(self.designation)
        return [
            ("JPL SBDB", f"https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr={name}"),
            ("MPC", f"https://www.minorplanetcenter.net/db_search/show_object?object_id={name}"),
        ]


class KnownMatch(Prediction):
    """A known object that a subject may be; all candidates are kept."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="known_matches")
    is_ruled_out = models.BooleanField(default=False, db_default=False, help_text="by a standing `RuledOutMatch`")

    class Meta:
        ordering = ["subject", "separation"]
        indexes = [models.Index(fields=["designation"], name="match_by_designation")]
        constraints = [
            models.UniqueConstraint(fields=["subject", "designation"], name="one_match_per_subject_and_object")
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.designation}"


class NearbyObject(Prediction):
    """A known object that a subject cannot be, but that is not far from it; the nearest few are kept."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="nearby_objects")

    class Meta:
        ordering = ["subject", "separation"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "designation"], name="one_nearby_object_per_subject_and_name")
        ]

    def __str__(self) -> str:
        return f"{self.designation} near {self.subject}"


class RuledOutMatch(models.Model):
    """A scientist's word that a subject is not a known object near it; it outlasts the next comparisons."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="ruled_out_matches")
    designation = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "designation"], condition=Q(taken_back_at=None), name="one_standing_ruled_out_match"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} is not {self.designation}"
