"""Subjects, subject sets, and the frames and exposures of a subject."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Collate, Now, Upper
from django.utils.translation import gettext_lazy as _

from webapp.archive.models.survey import Survey
from webapp.archive.time_source import time_source_in_words
from webapp.core.touched import Touched

SET_NAME_LENGTH = 120


class Kind(models.TextChoices):
    STAMP = "stamp", _("Stamp")
    TRACKLET = "tracklet", _("Tracklet")
    CUTOUT = "cutout", _("Cutout")
    CUBE = "cube", _("Cube")


NAME_KEY = Collate(Upper("external_id"), "C")
"""Key of an index that sorts names, and finds them by prefix, regardless of case."""


NAME_TRIGRAMS = models.Func(
    "external_id", "object_group", function="name_trigrams", output_field=ArrayField(models.TextField())
)
"""Every run of three characters in name and object, by which an index finds parts of them; needs no extension."""


class Point(models.Field):
    """PostgreSQL's own type of points, for expressions."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "point"


ON_SKY = models.Func("ra", "dec", function="point", output_field=Point())
"""A subject's position as a point (ra, dec), as the index on the sky has it."""

IS_PLACE = models.Q(ra__range=(0, 360), dec__range=(-90, 90))
"""Only real places are in that index: a single NaN or endless number would hide its neighbours from every search."""

CAME_WITH_A_CLASS = models.Q(gold_source__in=["manifest", "synthetic"])
"""Training subjects: the class was known before anybody voted."""

KNOWN_ORBIT = "known orbit"
"""The source of a class that follows from a known object's orbit."""

HEALPIX = models.Func("ra", "dec", function="healpix29", output_field=models.BigIntegerField())
"""A subject's HEALPix cell of order 29, as the index for MOCs has it; null without a position."""


class SubjectQuerySet(models.QuerySet["Subject"]):
    def originals(self) -> Self:
        """Exclude subjects whose pixels duplicate an earlier one's."""
        return self.filter(duplicate_of=None)

    def gold(self) -> Self:
        """Subjects of known class: from the survey, or from a scientist's ruling."""
        return self.exclude(gold_label="")

    def settled_as_real(self, survey: Survey) -> Self:
        """Originals of a survey that are real by a ruling, a known orbit, or votes that retired them by consensus."""
        consensus = {"is_retired": True, "retired_reason": "consensus", "posterior__gte": 0.5}
        yes = Subject.objects.filter(
            pk=models.OuterRef("pk"), **{f"consensus__{name}": value for name, value in consensus.items()}
        )
        real = models.Q(gold_label__in=["yes", *survey.positive], gold_source__in=["ruling", KNOWN_ORBIT])
        return self.originals().filter(real | models.Q(gold_label="") & models.Exists(yes), survey=survey)

    def observed(self) -> Self:
        """Exclude synthetic subjects, which belong in no catalogue or model."""
        return self.filter(is_synthetic=False)

    def with_pixels(self) -> Self:
        """Exclude subjects whose pixels were dropped (`webapp.retention`)."""
        return self.filter(pixels_dropped_at=None)

    def lock(self, *, skip_locked: bool = False) -> list[int]:
        """Lock the subjects until the transaction ends, in the order in which everybody does; return their keys."""
        rows = self.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=skip_locked)
        return list(rows.values_list("pk", flat=True))

    def set_gold(self, label: str, source: str) -> int:
        """Give stored subjects a known class, or with an empty label take it back; return how many there are."""
        return self.update(gold_label=label, gold_source=source, gold_changed_at=Now())


class Subject(Touched):
    """What is classified. Its pixels lie in the store, at (survey, zarr_array, zarr_index)."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="subjects")
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind)
    checksum = models.CharField(max_length=64, help_text="blake2b of data type, shape and pixels")
    duplicate_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="duplicates"
    )
    object_group = models.CharField(max_length=200, help_text="One object stays on one side of every split.")
    own_group = models.CharField(
        max_length=200, null=True, editable=False, help_text="without links to others, while links join it with some"
    )
    zarr_array = models.CharField(max_length=80)
    zarr_index = models.PositiveBigIntegerField()
    ra = models.FloatField(null=True, help_text="deg, ICRS")
    dec = models.FloatField(null=True, help_text="deg, ICRS")
    mjd = models.FloatField(null=True, help_text="UTC, middle of the first exposure")
    rate = models.FloatField(null=True, help_text="arcsec/h, as the survey gives it")
    fitted_rate = models.FloatField(
        null=True, editable=False, help_text="arcsec/h, of uniform motion fitted to the frames (MotionFit)"
    )
    mag = models.FloatField(null=True, help_text="mean of the frames")
    metadata = models.JSONField(default=dict, help_text="#name is hidden, !name hidden while classifying")
    light_curve = models.JSONField(null=True, help_text="[MJD UTC, band, magnitude, error or null for a limit], …")
    gold_label = models.CharField(max_length=20, blank=True, default="", help_text="A fine class, or yes / no")
    gold_source = models.CharField(max_length=20, blank=True, default="", help_text="manifest, ruling or synthetic")
    gold_changed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when the class became known, or was taken back, after ingest"
    )
    is_synthetic = models.BooleanField(
        default=False, db_default=False, help_text="drawn into real pixels by this site, for training only"
    )
    pixels_dropped_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="by the survey's retention; the row stays"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["survey", "external_id"], name="one_row_per_external_id"),
            models.UniqueConstraint(fields=["survey", "zarr_array", "zarr_index"], name="one_subject_per_pixel_block"),
        ]
        indexes = [
            models.Index(fields=["survey", "checksum"]),
            models.Index(fields=["survey", "object_group"]),
            models.Index(
                fields=["survey", "own_group"], name="subject_by_own_group", condition=models.Q(own_group__isnull=False)
            ),
            models.Index("survey", NAME_KEY, name="subject_by_name"),
            models.Index("survey", "kind", "id", name="subject_by_kind"),
            models.Index("survey", "mjd", "id", name="subject_by_time"),
            GistIndex(ON_SKY, name="subject_on_sky", condition=IS_PLACE),
            models.Index(HEALPIX, name="subject_by_healpix"),
            models.Index("survey", "gold_label", name="subject_gold", condition=~models.Q(gold_label="")),
            models.Index(
                "survey",
                "gold_changed_at",
                name="subject_gold_changed",
                condition=models.Q(gold_changed_at__isnull=False),
            ),
            models.Index("survey", "id", name="subject_synthetic", condition=models.Q(is_synthetic=True)),
            models.Index("id", name="subject_came_with_class", condition=CAME_WITH_A_CLASS),
            models.Index("survey", "rate", "id", name="subject_by_rate"),
            models.Index("survey", "fitted_rate", "id", name="subject_by_fitted_rate"),
            models.Index("survey", "mag", "id", name="subject_by_mag"),
            models.Index("updated_at", "id", name="subject_by_update"),
            GinIndex(NAME_TRIGRAMS, name="subject_name_trigrams"),
            GinIndex(fields=["metadata"], name="subject_metadata", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.external_id

    def gold_answer(self) -> str:
        """Return yes or no if the class is known, else an empty string."""
        if self.gold_label in ("", "yes", "no"):
            return self.gold_label
        return "yes" if self.gold_label in self.survey.positive else "no"


class SubjectSet(models.Model):
    """A named set of subjects, used by workflows."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="subject_sets")
    name = models.CharField(max_length=SET_NAME_LENGTH)
    subjects = models.ManyToManyField(Subject, related_name="sets", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "name"], name="one_set_per_name")]

    def __str__(self) -> str:
        return self.name


class Exposure(models.Model):
    """One exposure, shared by all frames cut from it."""

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
    """One image of a subject, with its time and position."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="frames", db_index=False)
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
    rms_ra = models.FloatField(null=True, help_text="arcsec, 1σ of the position toward east, with cos δ, if given")
    rms_dec = models.FloatField(null=True, help_text="arcsec, 1σ of the position toward north, if given")
    rms_corr = models.FloatField(null=True, help_text="correlation of the two, between -1 and 1, if given")
    wcs = models.JSONField(null=True, help_text="FITS WCS cards, for the stamp's own pixels")
    masked_fraction = models.FloatField(default=0.0, help_text="share of pixels that are NaN")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["subject", "position"], name="one_frame_per_position")]

    def __str__(self) -> str:
        return f"{self.subject} frame {self.position}"

    MEASUREMENTS: ClassVar = {
        "mjd": "mjd_mid", "exptime": "exptime", "band": "band", "ra": "ra", "mag": "mag", "snr": "snr",
    }  # fmt: skip
    """Field by the name of its measurement, as surveys call it; a position has both its coordinates or none."""

    @classmethod
    def measured(cls, frames: Iterable["Frame"]) -> set[str]:
        """Return the names of the measurements that at least one of the frames has: tables leave out the others."""
        rows = list(frames)
        found = cls.MEASUREMENTS.items()
        return {name for name, field in found if any(getattr(row, field) not in (None, "") for row in rows)}

    @property
    def time_source(self) -> str:
        """What gave the time, in the reader's language."""
        return time_source_in_words(self.mjd_keyword)
