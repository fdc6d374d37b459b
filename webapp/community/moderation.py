"""Moderation of Talk: reports, warnings, suspensions, and the log of it all."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey
from webapp.community.models import Comment, ModeratorAction, Notification, Report
from webapp.community.moderator_news import forget_settled, tell_moderators
from webapp.community.tags import store_tags
from webapp.volunteers.identity import locked_account_volunteer
from webapp.volunteers.models import Volunteer

MOST_REPORTS = 20
SUSPENSIONS = (1, 7, 30)
"""Days that a moderator can choose."""

Kind = ModeratorAction.Kind


def locked_comment(comment: Comment) -> Comment:
    """Return a comment, locked until the transaction ends.

    Raises PermissionDenied: it went with its author's account while this waited.
    """
    rows = Comment.objects.select_for_update(of=("self",)).select_related("survey", "author", "thread")
    row = rows.filter(pk=comment.pk).first()
    if row is None:
        raise PermissionDenied(_("This account was deleted. Nothing has changed."))
    return row


@transaction.atomic
def report(*, reporter: Volunteer, comment: Comment, reason: str) -> Report:
    """Report a comment to the moderators, and tell them; reporting it again changes nothing.

    Raises ValidationError: the comment is the reporter's own or removed, the reason is empty or too long, or there are
    too many reports.
    """
    locked_account_volunteer(reporter.user)
    comment = locked_comment(comment)
    if comment.author_id == reporter.pk or comment.removed_at is not None:
        raise ValidationError(_("You can report other people's comments, while they stand."))
    existing = Report.objects.filter(comment=comment, reporter=reporter).first()
    if existing is not None:
        return existing
    recent = Report.objects.filter(reporter=reporter, created_at__gt=timezone.now() - timedelta(days=1))
    if recent.count() >= MOST_REPORTS:
        raise ValidationError(
            _("You've reported %(n)d comments today. Thank you; try again tomorrow.") % {"n": MOST_REPORTS}
        )
    row = Report(comment=comment, reporter=reporter, reason=reason.strip())
    row.full_clean()
    row.save()
    concerned = (reporter.pk, comment.author_id)
    tell_moderators(survey=comment.survey, kind=Notification.Kind.REPORTED, but=concerned)
    return row


def open_reports(survey: Survey) -> QuerySet[Report]:
    """Return the reports that nobody has settled, oldest first."""
    rows = Report.objects.filter(comment__survey=survey, settled_at=None)
    rows = rows.select_related("comment__subject", "comment__thread", "comment__survey", "comment__author__user")
    rows = rows.select_related("comment__picture").defer("comment__picture__content")
    return rows.order_by("pk")


@transaction.atomic
def settle(*, moderator: User, comment: Comment, kind: str, reason: str, days: int = 0) -> ModeratorAction:
    """Dismiss the reports of a comment, or remove it, warn its author or suspend them; write it to the log.

    A comment that its author has removed meanwhile becomes removed by the moderator, so that the author can't restore
    it.

    Raises PermissionDenied: the user moderates no Talk of this survey, or would warn or suspend another moderator, or
    dismiss reports of their own comment. Nothing is changed.
    Raises ValidationError: the reason is missing, the author has left, or the days are not among `SUSPENSIONS`. Nothing
    is changed.
    """
    row = locked_comment(comment)
    survey = row.survey
    if not Membership.objects.allows(moderator, survey, Role.MODERATOR):
        raise PermissionDenied(_("Only moderators can do this. Nothing was changed."))
    _check(moderator, row, kind, reason, days)
    now = timezone.now()
    until = now + timedelta(days=days) if kind == Kind.SUSPENDED else None
    if kind != Kind.DISMISSED and (row.removed_at is None or row.is_taken_back):
        row.removed_at, row.removed_by, row.removed_because = now, moderator, reason.strip()
        row.full_clean()
        row.save()
        store_tags(row)
    settle_reports(moderator, row)
    action = log(survey=survey, moderator=moderator, comment=row, kind=kind, reason=reason, until=until)
    if kind in (Kind.WARNED, Kind.SUSPENDED) and row.author:
        place = {"survey": survey, "subject": row.subject, "thread": row.thread}
        Notification.objects.create(volunteer=row.author, kind=Notification.Kind.WARNED, action=action, **place)
    return action


def settle_reports(moderator: User, comment: Comment) -> None:
    """Settle the open reports of a comment that a moderator has decided on; moderators' news of them go."""
    Report.objects.filter(comment=comment, settled_at=None).update(settled_at=timezone.now(), settled_by=moderator)
    forget_settled(comment.survey)


def _check(moderator: User, comment: Comment, kind: str, reason: str, days: int) -> None:
    if kind not in (Kind.DISMISSED, Kind.REMOVED, Kind.WARNED, Kind.SUSPENDED):
        raise ValidationError(_("Choose what to do."))
    if kind == Kind.DISMISSED and comment.author and comment.author.user_id == moderator.pk:
        raise PermissionDenied(_("Somebody else has to decide about reports of your own comment. You can remove it."))
    if kind != Kind.DISMISSED and not reason.strip():
        raise ValidationError(_("Give a reason. Everyone can read it."))
    if kind in (Kind.WARNED, Kind.SUSPENDED):
        if comment.author is None:
            raise ValidationError(_("The author has left; you can only remove the comment."))
        if comment.author.user and Membership.objects.allows(comment.author.user, comment.survey, Role.MODERATOR):
            raise PermissionDenied(_("Moderators can't warn or suspend each other. Ask an admin of the survey."))
    if kind == Kind.SUSPENDED and days not in SUSPENSIONS:
        raise ValidationError(_("Choose how long."))


def log(
    *,
    survey: Survey,
    moderator: User | None,
    comment: Comment | None,
    kind: str,
    reason: str = "",
    until: datetime | None = None,
) -> ModeratorAction:
    """Write a moderator's action to the survey's log; without a moderator, an author's own."""
    return ModeratorAction.objects.create(
        survey=survey,
        moderator=moderator,
        comment=comment,
        author=comment.author if comment else None,
        kind=kind,
        reason=reason.strip(),
        until=until,
    )


@transaction.atomic
def lift(*, moderator: User, action: ModeratorAction) -> None:
    """End a suspension early; repeating it is safe.

    Raises PermissionDenied: the user moderates no Talk of this survey, or the suspension is their own. Nothing is
    changed.
    """
    rows = ModeratorAction.objects.select_for_update(of=("self",)).select_related("survey", "author")
    row = rows.get(pk=action.pk)
    if not Membership.objects.allows(moderator, row.survey, Role.MODERATOR):
        raise PermissionDenied(_("Only moderators can do this. Nothing was changed."))
    if row.author and row.author.user_id == moderator.pk:
        raise PermissionDenied(_("Another moderator must lift your suspension. Nothing was changed."))
    if row.until is not None and row.lifted_at is None:
        row.lifted_at, row.lifted_by = timezone.now(), moderator
        row.save(update_fields=["lifted_at", "lifted_by"])
