"""News for volunteers, moderators and scientists, and the mails that carry them."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject, Survey
from webapp.archive.verdict_blinding import hides_verdict
from webapp.community.board_models import Thread
from webapp.community.moderation_models import ModeratorAction
from webapp.volunteers.models import Volunteer


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown_to(self, reader: Any) -> Self:
        """Leave out verdicts that the reader is to judge without."""
        verdicts = Q(kind__in=[Notification.Kind.CONFIRMED, Notification.Kind.TAKEN_BACK])
        return self.exclude(verdicts & hides_verdict(reader))


class Notification(models.Model):
    """News for a volunteer, a moderator or, from the desk, a scientist.

    Without a subject, several were assigned at once, or it is about everything that waits for the survey's moderators.
    """

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed"
        TAKEN_BACK = "taken-back"
        COMMENTED = "commented"
        MENTIONED = "mentioned"
        WARNED = "warned"
        ANSWERED = "answered"
        ASSIGNED = "assigned"
        OPINION = "opinion"
        REPORTED = "reported"
        APPEALED = "appealed"
        CONFLICT = "conflict"

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=12, choices=Kind)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="+")
    subject = models.ForeignKey(Subject, null=True, on_delete=models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, null=True, on_delete=models.CASCADE, related_name="+")
    action = models.ForeignKey(ModeratorAction, null=True, on_delete=models.CASCADE, related_name="+")
    mail = models.ForeignKey("Mail", null=True, on_delete=models.SET_NULL, related_name="notifications")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["volunteer", "-id"]),
            models.Index(fields=["volunteer"], name="unread_notifications", condition=Q(read_at=None)),
            models.Index(fields=["volunteer"], name="unmailed_notifications", condition=Q(mail=None, read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}, to {self.volunteer}"

    def get_absolute_url(self) -> str:
        """Return where its news are: thread, subject (at its discussion where that is the news), desk or moderation."""
        if self.kind == self.Kind.ANSWERED or self.suspension:
            return reverse("safety")
        if self.kind in (self.Kind.REPORTED, self.Kind.APPEALED):
            return reverse("moderation", args=[self.survey.slug])
        if self.kind == self.Kind.ASSIGNED and self.subject_id is None:
            return f"{reverse('review', args=[self.survey.slug])}?queue=all&state=all&assigned=me"
        if self.thread_id:
            return reverse("thread", args=[self.survey.slug, self.thread_id])
        about = reverse("subject", args=[self.survey.slug, self.subject_id])
        if self.kind in (self.Kind.ASSIGNED, self.Kind.OPINION, self.Kind.CONFLICT):
            return f"{about}#verdict"
        return about if self.kind in (self.Kind.CONFIRMED, self.Kind.TAKEN_BACK) else f"{about}#talk"

    @property
    def suspension(self) -> ModeratorAction | None:
        return self.action if self.action and self.action.until else None

    @property
    def place(self) -> Subject | Thread | None:
        return self.thread or self.subject


class Mail(models.Model):
    """News sent by mail. Claimed before it is sent, so that a killed worker never sends it twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mails")
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="unclaimed_mails", condition=Q(claimed_at=None)),
            models.Index(fields=["user", "-created_at"]),
        ]

    def __str__(self) -> str:
        return f"mail of {self.created_at:%Y-%m-%d %H:%M} to {self.user}"


class MailFrequency(models.TextChoices):
    """How often news come by mail."""

    IMMEDIATE = "immediate", _("at once")
    DAILY = "daily", _("once a day")
    WEEKLY = "weekly", _("once a week")
    NEVER = "never", _("never")
