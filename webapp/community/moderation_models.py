"""Moderation of Talk: reports, what moderators did, appeals against it, and blocks of one person by another."""

from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.volunteers.models import Volunteer

LONGEST_REASON = 200
LONGEST_APPEAL = 1000


class Report(models.Model):
    """A reader's report of a comment to the moderators."""

    comment = models.ForeignKey("Comment", on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="reports")
    reason = models.CharField(max_length=LONGEST_REASON, validators=[ProhibitNullCharactersValidator()])
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["comment", "reporter"], name="one_report_per_reader")]
        indexes = [models.Index(fields=["id"], name="open_reports", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"of {self.comment}: {self.reason}"


class ModeratorAction(models.Model):
    """The log of what moderators did; a suspension holds until `until`, unless it is lifted."""

    class Kind(models.TextChoices):
        DISMISSED = "dismissed", _("report dismissed")
        REMOVED = "removed", _("comment removed")
        RESTORED = "restored", _("comment restored")
        WARNED = "warned", _("author warned")
        SUSPENDED = "suspended", _("author suspended")
        PINNED = "pinned", _("thread pinned")
        UNPINNED = "unpinned", _("thread unpinned")
        LOCKED = "locked", _("thread locked")
        UNLOCKED = "unlocked", _("thread unlocked")
        RENAMED = "renamed", _("thread renamed")
        APPEALED = "appealed", _("appeal made")
        GRANTED = "granted", _("appeal granted")
        REJECTED = "rejected", _("appeal rejected")

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="moderator_actions")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    comment = models.ForeignKey("Comment", null=True, on_delete=models.SET_NULL, related_name="+")
    author = models.ForeignKey(Volunteer, null=True, on_delete=models.SET_NULL, related_name="moderator_actions")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    until = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["survey", "-id"]), models.Index(fields=["author", "until"])]

    def __str__(self) -> str:
        return f"{self.kind}: {self.comment}"

    @property
    def reason_sentence(self) -> str:
        """Return the reason with a full stop, unless it ends with a sign of its own."""
        return self.reason if self.reason.endswith((".", "!", "?", "…")) else f"{self.reason}."

    @property
    def still_holds(self) -> bool:
        """Return whether it is a suspension that is neither over nor lifted."""
        return self.until is not None and self.lifted_at is None and self.until > timezone.now()


class Appeal(models.Model):
    """The only appeal against a moderator's action, by the person concerned, and its answer."""

    action = models.OneToOneField(ModeratorAction, on_delete=models.CASCADE, related_name="appeal")
    text = models.CharField(max_length=LONGEST_APPEAL, validators=[ProhibitNullCharactersValidator()])
    created_at = models.DateTimeField(auto_now_add=True)
    is_granted = models.BooleanField(null=True, blank=True, help_text="none: not answered yet")
    answer = models.CharField(
        max_length=LONGEST_APPEAL, blank=True, default="", validators=[ProhibitNullCharactersValidator()]
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["id"], name="open_appeals", condition=Q(is_granted=None))]

    def __str__(self) -> str:
        return f"against {self.action}"


class Block(models.Model):
    """One person blocks another: comments are folded, and mentions and replies bring no news."""

    volunteer = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(Volunteer, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["volunteer", "blocked"], name="blocked_once"),
            models.CheckConstraint(condition=~Q(volunteer=F("blocked")), name="nobody_blocks_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.blocked} by {self.volunteer}"
