"""Jobs that link detections or tracklets, their proposals, and jobs that make subjects of confirmed tracklets."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ml.sky.great_circle import TOLERANCE
from webapp.archive.models import Subject, Survey
from webapp.core.jobs import Job
from webapp.core.stored_messages import MessageField

LONGEST_REASON = 500


class Links(models.TextChoices):
    DETECTIONS = "detections", _("Detections of one night into tracklets")
    TRACKLETS = "tracklets", _("Tracklets of several nights into objects")


DETECTIONS = (3, 8)
"""Fewest and most that a search may ask of a mover."""


def _between(least: float, most: float) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(most)]


class LinkRun(Job):
    """One search for links in a survey; `done` counts proposals."""

    task: ClassVar[str] = "tasks.linking.run"
    title = _("Linking")
    patience: ClassVar[timedelta] = timedelta(hours=4)  # one search, without a report

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="link_runs")
    links = models.CharField(max_length=10, choices=Links, default=Links.DETECTIONS)
    first_mjd = models.FloatField(help_text="UTC")
    last_mjd = models.FloatField(help_text="UTC, exclusive")
    position_error = models.FloatField(
        null=True, blank=True, validators=_between(0.001, 60), help_text="arcsec, of all; without it, each has its own"
    )
    min_rate = models.FloatField(default=3.0, validators=_between(0, 36_000), help_text="arcsec/h")
    max_rate = models.FloatField(default=600.0, validators=_between(0, 36_000), help_text="arcsec/h")
    min_detections = models.PositiveSmallIntegerField(default=4, validators=_between(*DETECTIONS))
    tolerance = models.FloatField(
        default=TOLERANCE, validators=_between(0.01, 100), help_text="arcsec/h, across nights"
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey"], condition=Q(state__in=["queued", "running"]), name="one_link_run_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Link run {self.pk} of {self.survey}"


class Decision(models.TextChoices):
    OPEN = "open", _("open")
    CONFIRMED = "confirmed", _("confirmed")
    REJECTED = "rejected", _("rejected")


class Proposal(models.Model):
    """Detections or tracklets that may be one mover. Only a scientist's yes makes it more than that."""

    run = models.ForeignKey(LinkRun, on_delete=models.CASCADE, related_name="proposals")
    members = models.ManyToManyField(Subject, related_name="proposals")
    mjd = models.FloatField(help_text="UTC, of the position")
    ra = models.FloatField(help_text="deg, ICRS")
    dec = models.FloatField(help_text="deg, ICRS")
    rate = models.FloatField(help_text="arcsec/h")
    position_angle = models.FloatField(help_text="deg from north through east")
    misfit = models.FloatField(help_text="χ² per degree of freedom; across nights, distance in units of the tolerance")
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    subject = models.OneToOneField(
        Subject, null=True, on_delete=models.SET_NULL, related_name="linked_from", help_text="what it became"
    )
    problem = MessageField(blank=True, default="", help_text="why it became no subject")

    class Meta:
        ordering = ["misfit", "id"]
        indexes = [models.Index(fields=["run", "decision", "misfit"], name="proposals_of_a_run")]

    def __str__(self) -> str:
        return f"Proposal {self.pk}"


class ProposalAction(models.TextChoices):
    CONFIRM = "confirm", _("confirmed")
    REJECT = "reject", _("rejected")
    REOPEN = "reopen", _("put back")
    TAKE_BACK = "take-back", _("taken back")


class ProposalEvent(models.Model):
    """One decision on a proposal: who, when, and why where they said so."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="events")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=10, choices=ProposalAction)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.proposal} {self.action}"


class TrackletBuild(Job):
    """Makes subjects of a survey's confirmed proposals; `done` counts them."""

    task: ClassVar[str] = "tasks.linking.build"
    title = _("Linked tracklets")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="tracklet_builds")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["survey"], condition=Q(state="queued"), name="one_tracklet_build_waits")
        ]

    def __str__(self) -> str:
        return f"Tracklet build {self.pk} of {self.survey}"
