from django.db import models
from django.db.models import Q

from webapp.archive.models import Subject
from webapp.volunteers.models.queue_entry import Reason
from webapp.volunteers.models.volunteer import Volunteer
from webapp.volunteers.models.workflow import Workflow


class Answer(models.TextChoices):
    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class ClassificationQuerySet(models.QuerySet["Classification"]):
    def standing(self) -> models.QuerySet["Classification"]:
        """Classifications that have not been undone."""
        return self.filter(withdrawn_at=None)

    def counted(self) -> models.QuerySet["Classification"]:
        """Standing classifications that the consensus counts: their grace has ended, or their volunteer went on."""
        return self.filter(withdrawn_at=None, is_counted=True)

    def held_back(self) -> models.QuerySet["Classification"]:
        """Standing classifications that may yet be undone before they have counted."""
        return self.filter(withdrawn_at=None, is_counted=False)


class Classification(models.Model):
    """One volunteer's answer about one subject. The client chooses the id, so that a replay finds the first."""

    id = models.UUIDField(primary_key=True, editable=False)
    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="classifications")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="classifications")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="classifications")
    answer = models.CharField(max_length=6, choices=Answer)
    follow_up = models.CharField(max_length=20, blank=True, default="")
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NEW)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    is_counted = models.BooleanField(default=False, db_default=False)
    position = models.BigIntegerField(null=True, help_text="the place in which it began to count, among all answers")
    evidence = models.BigIntegerField(
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
