"""A survey's report settings, reports with their tracklets, and digest2 scores. A signed report never changes."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.sky.ades_rules import BANDS, CATALOGUES, MODES
from webapp.archive.models import Subject, Survey
from webapp.core.jobs import Job
from webapp.core.touched import Touched
from webapp.queue.entries import waiting_for
from webapp.volunteers.models import Volunteer

PLAIN = RegexValidator(r"^[^|\x00-\x1f\x7f]*\Z", gettext_lazy("Pipes and control characters are not allowed."))
POSITIVE = MinValueValidator(0.001, gettext_lazy("Enter a number above 0."))


class ReportSettings(models.Model):
    """What is the same in all reports of a survey; the survey has its own code, seeing and pixel scale."""

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, related_name="report_settings")
    submitter = models.CharField(max_length=100, validators=[PLAIN])
    institution = models.CharField(max_length=100, blank=True, validators=[PLAIN])
    measurers = models.JSONField(default=list, help_text="names, up to 100 characters each")
    design = models.CharField(max_length=35, validators=[PLAIN], help_text="of the telescope, such as Reflector")
    aperture = models.FloatField(validators=[POSITIVE, MaxValueValidator(999)], help_text="m")
    detector = models.CharField(max_length=25, default="CCD", validators=[PLAIN])
    focal_ratio = models.FloatField(null=True, blank=True, validators=[POSITIVE, MaxValueValidator(999)])
    mode = models.CharField(max_length=3, default="CCD", choices=[(name, name) for name in MODES])
    catalogue = models.CharField(max_length=8, choices=[(name, name) for name in CATALOGUES])
    bands = models.JSONField(default=dict, blank=True, help_text="the ADES band by the survey's name of it")
    prefix = models.CharField(
        max_length=2,
        default="W",
        validators=[RegexValidator(r"^[A-HM-Z][A-Z]?\Z", gettext_lazy("One or two capitals, the first not I to L."))],
        help_text="of the names that tracklets get",
    )

    def __str__(self) -> str:
        return f"Report settings of {self.survey}"

    def clean(self) -> None:
        """Refuse bands that ADES does not know."""
        if unknown := sorted(set(self.bands.values()).difference(BANDS)):
            message = _("“%(name)s” is not an ADES band. Bands: %(all)s.")
            raise ValidationError({"bands": message % {"name": unknown[0], "all": ", ".join(BANDS)}})


def settings_of(survey: Survey) -> ReportSettings:
    """Return the survey's report settings, unsaved ones if it has none yet."""
    return ReportSettings.objects.filter(survey=survey).first() or ReportSettings(survey=survey)


class ReportQuerySet(models.QuerySet["Report"]):
    def public(self, reader: Volunteer | None) -> Self:
        """Signed reports, without those on a subject that the reader may still be asked about.

        The reader is None for somebody who has answered nothing.
        """
        asked = ReportedTracklet.objects.filter(Exists(waiting_for(reader, "subject")), report=OuterRef("pk"))
        return self.filter(signed_at__isnull=False).exclude(Exists(asked))


class Report(Touched):
    """Some tracklets for the Minor Planet Center; a draft until a scientist signs it off, which stores the files."""

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="reports")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    signed_name = models.CharField(max_length=100, blank=True, default="", help_text="as the scientist wrote it")
    signed_at = models.DateTimeField(null=True)
    psv = models.TextField(blank=True, default="")
    xml = models.TextField(blank=True, default="")
    obs80 = models.TextField(blank=True, default="", help_text="empty if the names do not fit into 80 columns")

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by=None, signed_name="", psv="", xml="", obs80="")
                | Q(signed_at__isnull=False, signed_by__isnull=False) & ~Q(signed_name="") & ~Q(psv="") & ~Q(xml=""),
                name="signed_with_name_and_files_or_a_draft",
            )
        ]

    def __str__(self) -> str:
        return f"Report {self.pk} of {self.survey}"

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None


class ReportedTracklet(models.Model):
    """A subject in a report: in one only, under a name that no other object has."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="tracklets")
    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="reported")
    trk_sub = models.CharField(max_length=8, db_index=True, help_text="ADES' temporary designation, of an object")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.trk_sub


class NeoScore(Job):
    """digest2 scores of a tracklet, by orbit class, 0 to 100; of the detections that the fingerprint stands for."""

    task: ClassVar[str] = "tasks.neo.run"
    title = gettext_lazy("digest2 scores")

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="neo_score")
    fingerprint = models.CharField(max_length=32, help_text="of the observatory, times, places and magnitudes")
    setup = models.CharField(max_length=32, blank=True, default="", help_text="hash of the observatory and bands")
    raw = models.JSONField(null=True, help_text="against all orbits of the population model")
    noid = models.JSONField(null=True, help_text="against those that are not known yet")
    rms = models.FloatField(null=True, help_text="arcsec, misfit of motion along a great circle")

    def __str__(self) -> str:
        return f"digest2 scores of {self.subject}"
