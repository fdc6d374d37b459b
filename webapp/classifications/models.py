"""Classifications, and the lines (marks) that volunteers draw along trails."""

from django.db import models
from django.db.models import Q

from ml.crowd.answer import Answer
from webapp.archive.models import Subject
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

ANSWER_CHOICES = [(answer.value, answer.label) for answer in Answer]


class Reason(models.TextChoices):
    """Why a volunteer gets a subject."""

    NEW = "new"
    TYPICAL = "typical"
    UNCERTAIN = "uncertain"
    DIVERSE = "diverse"
    VOTE = "vote"
    DISAGREED = "disagreed"
    POSITIVE = "positive"
    RARE = "rare"
    RANDOM = "random"
    TRAINING = "training"


class ClassificationQuerySet(models.QuerySet["Classification"]):
    def standing(self) -> models.QuerySet["Classification"]:
        """Classifications that have not been undone."""
        return self.filter(withdrawn_at=None)

    def counted(self) -> models.QuerySet["Classification"]:
        """Standing classifications that count: their undo time is over, or their volunteer answered another."""
        return self.filter(withdrawn_at=None, is_counted=True)

    def held_back(self) -> models.QuerySet["Classification"]:
        """Standing classifications that don't count yet and can still be undone."""
        return self.filter(withdrawn_at=None, is_counted=False)


class Classification(models.Model):
    """One volunteer's answer to one subject. The client chooses the id, so a resent answer finds the first."""

    id = models.UUIDField(primary_key=True, editable=False)
    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="classifications", db_index=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="classifications", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="classifications")
    answer = models.CharField(max_length=6, choices=ANSWER_CHOICES)
    follow_up = models.CharField(max_length=20, blank=True, default="")
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NEW)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    is_counted = models.BooleanField(default=False, db_default=False)
    count_order = models.BigIntegerField(null=True, help_text="the place in which it began to count, among all answers")
    log_odds_micronats = models.BigIntegerField(
        null=True,
        help_text="millionths of a nat for yes, by its volunteer's record then; null weighs nothing",
    )
    device = models.CharField(max_length=20, blank=True, default="")
    viewport = models.CharField(max_length=20, blank=True, default="")
    frames_seen = models.PositiveSmallIntegerField(null=True)

    objects = ClassificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["volunteer", "workflow", "subject"],
                condition=Q(withdrawn_at=None),
                name="one_answer_per_volunteer",
            )
        ]
        indexes = [
            models.Index(fields=["workflow", "subject"]),
            models.Index(fields=["volunteer", "-created_at"]),
            models.Index(
                fields=["volunteer", "workflow"],
                name="held_back",
                condition=Q(withdrawn_at=None, is_counted=False),
            ),
            models.Index(
                fields=["workflow", "created_at"],
                name="counted_over_time",
                condition=Q(withdrawn_at=None, is_counted=True),
                include=["volunteer", "reason"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer} on {self.subject}"


MOST_MARKS = 20


class MarkQuerySet(models.QuerySet["Mark"]):
    def standing(self) -> models.QuerySet["Mark"]:
        """Exclude the marks of undone classifications, and of each no, which says that no trail is there."""
        return self.filter(classification__withdrawn_at=None).exclude(classification__answer=Answer.NO)


class Mark(models.Model):
    """A line that a volunteer drew along a trail, part of their classification.

    Pixels count from 0: the centre of the first pixel of the first row in the file, drawn at the lower left, is
    x = 0, y = 0 (FITS calls it 1, 1). x grows to the right and y upwards.
    """

    classification = models.ForeignKey(Classification, on_delete=models.CASCADE, related_name="marks", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="0 for the first that was drawn")
    frame = models.PositiveSmallIntegerField(default=0, help_text="the frame it was drawn on, 0 for the first")
    x1 = models.FloatField(help_text="pixels; the centre of the first is 0")
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    ra1 = models.FloatField(null=True, help_text="deg, ICRS, by the frame's WCS")
    dec1 = models.FloatField(null=True)
    ra2 = models.FloatField(null=True)
    dec2 = models.FloatField(null=True)

    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["classification", "position"], name="one_mark_per_position")]

    def __str__(self) -> str:
        return f"({self.x1:.1f}, {self.y1:.1f}) to ({self.x2:.1f}, {self.y2:.1f})"
