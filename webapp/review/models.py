"""The scientists' desk: verdicts (rulings), second opinions on them, and cases (hold, assignee, tags, notes)."""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.core.touched import Touched
from webapp.learning.models import Checkpoint
from webapp.workflows.models import Workflow

LONGEST_NOTE = 10_000
LONGEST_TAG = 30


class Verdict(models.TextChoices):
    YES = "yes"
    NO = "no"


class RulingQuerySet(models.QuerySet["Ruling"]):
    def disputed(self) -> Self:
        """Rulings beside which another scientist's different verdict stands."""
        standing = SecondOpinion.objects.filter(ruling=OuterRef("pk"), withdrawn_at=None)
        return self.filter(Exists(standing.exclude(verdict=OuterRef("verdict"))))

    def awaiting_opinion(self) -> Self:
        """Rulings on which a second opinion was asked for, and none that stands was given since."""
        given = SecondOpinion.objects.filter(
            ruling=OuterRef("pk"), withdrawn_at=None, created_at__gte=OuterRef("second_asked_at")
        )
        return self.filter(~Exists(given), second_asked_at__isnull=False)

    def hidden_from(self, reader: Any) -> Self:
        """Colleagues' standing rulings that the reader must not see before giving an independent opinion."""
        own = SecondOpinion.objects.filter(ruling=OuterRef("pk"), scientist=reader.pk, withdrawn_at=None)
        return self.awaiting_opinion().filter(~Exists(own), withdrawn_at=None).exclude(scientist=reader.pk)

    def hidden_from_scientist(self, reader: Any) -> Self:
        """Of those hidden from the reader, the ones of surveys in which they are a scientist, and so may be asked."""
        if not reader.is_authenticated:
            return self.none()
        hidden = self.hidden_from(reader)
        if reader.is_superuser:
            return hidden
        members = Membership.objects.at_least(Role.SCIENTIST).filter(user=reader.pk)
        return hidden.filter(subject__survey__in=members.values("survey"))

    def with_hidden(self, reader: Any) -> Self:
        """Annotate each row with `is_hidden` from the reader, as by `hidden_from`."""
        return self.annotate(is_hidden=Exists(Ruling.objects.hidden_from(reader).filter(pk=OuterRef("pk"))))


class Ruling(Touched):
    """A scientist's verdict. The newest standing one counts; none is ever deleted."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="rulings")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="rulings")
    scientist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rulings")
    verdict = models.CharField(max_length=3, choices=Verdict)
    label = models.CharField(max_length=20, blank=True, default="", help_text="a fine class, where one was given")
    note = models.TextField(blank=True, default="")
    consensus_posterior = models.FloatField(null=True, help_text="what the volunteers said then")
    p_real = models.FloatField(null=True, help_text="what the champion said then")
    model = models.ForeignKey(
        Checkpoint, null=True, on_delete=models.SET_NULL, related_name="+", help_text="the champion that said it"
    )
    previous_gold = models.CharField(max_length=20, blank=True, default="", help_text="what undo brings back")
    previous_source = models.CharField(max_length=20, blank=True, default="", help_text="where that came from")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="or replaced by"
    )
    second_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", help_text="a second opinion"
    )
    second_asked_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", help_text="the verdict in force until then"
    )
    brought_back = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", help_text="in force since it was withdrawn"
    )
    is_hidden: bool  # by `with_hidden`

    objects = RulingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "workflow"], condition=models.Q(withdrawn_at=None), name="one_standing_ruling"
            )
        ]
        indexes = [models.Index("updated_at", "id", name="ruling_by_update")]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.subject} by {self.scientist}"


class SecondOpinion(models.Model):
    """Another scientist's verdict beside the ruling that counts; where they differ, there is a conflict."""

    ruling = models.ForeignKey(Ruling, on_delete=models.CASCADE, related_name="opinions")
    scientist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="second_opinions")
    verdict = models.CharField(max_length=3, choices=Verdict)
    label = models.CharField(max_length=20, blank=True, default="")
    note = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True)
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", help_text="the scientist's own until then"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ruling", "scientist"], condition=models.Q(withdrawn_at=None), name="one_standing_opinion"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.scientist}, besides: {self.ruling}"


class SecondOpinionRequest(models.Model):
    """That a scientist asked for a second opinion on a ruling, or no longer. The ruling itself has how it is now."""

    ruling = models.ForeignKey(Ruling, on_delete=models.CASCADE, related_name="second_opinion_requests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    is_wanted = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{'asked' if self.is_wanted else 'no longer'} by {self.by}: {self.ruling}"


class Case(models.Model):
    """What scientists keep about a subject besides verdicts. Its events say who changed what, and when."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="case")
    is_on_hold = models.BooleanField(default=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="assigned_cases"
    )
    tags = ArrayField(models.CharField(max_length=LONGEST_TAG), default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            GinIndex(fields=["tags"], name="case_tags"),
            models.Index("updated_at", "id", name="case_by_update"),
            models.Index(fields=["subject"], name="case_on_hold", condition=models.Q(is_on_hold=True)),
        ]

    def __str__(self) -> str:
        return f"Case {self.subject}"


class CaseAction(models.TextChoices):
    HOLD = "hold", _("put on hold")
    RELEASE = "release", _("released")
    ASSIGN = "assign", _("assigned to")
    UNASSIGN = "unassign", _("unassigned")
    TAG = "tag", _("tagged")
    UNTAG = "untag", _("removed tag")
    NOTE = "note", _("noted")


class CaseEvent(models.Model):
    """One change of a case, or a note on it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="events")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    action = models.CharField(max_length=10, choices=CaseAction)
    text = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.case} {self.action} {self.text}"


class BulkChange(models.Model):
    """What a scientist's newest change of many subjects at once did, so that they can undo it in any session."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    scientist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    rulings = ArrayField(models.BigIntegerField(), default=list)
    opinions = ArrayField(models.BigIntegerField(), default=list)
    events = ArrayField(models.BigIntegerField(), default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.n} by {self.scientist} in {self.workflow}"

    @property
    def n(self) -> int:
        """Return the number of subjects."""
        return len(self.rulings) + len(self.opinions) + len(self.events)


class OverviewVisit(models.Model):
    """A scientist's latest visit to a survey's overview, with the figures shown then, and those of the visit before."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="+")
    figures = models.JSONField()
    seen_at = models.DateTimeField()
    before = models.JSONField(default=dict, blank=True)
    before_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "survey"], name="one_overview_visit")]

    def __str__(self) -> str:
        return f"{self.user} on {self.survey}, {self.seen_at:%Y-%m-%d %H:%M}"
