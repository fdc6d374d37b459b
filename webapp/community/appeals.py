"""Appeals: whoever was warned or suspended, or lost a comment to a moderator, can ask once for another look."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey
from webapp.community.models import Appeal, Comment, ModeratorAction, Notification
from webapp.community.moderation import Kind, lift, log
from webapp.community.moderator_news import forget_settled, tell_moderators
from webapp.community.tags import store_tags
from webapp.core.locked_rows import locked_or_404
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer

AGAINST = (Kind.REMOVED, Kind.WARNED, Kind.SUSPENDED)


def actions_against(volunteer: Volunteer) -> QuerySet[ModeratorAction]:
    """Return what moderators did about a person's comments, newest first, with the appeals."""
    rows = ModeratorAction.objects.filter(author=volunteer, kind__in=AGAINST)
    return rows.select_related("survey", "comment__survey", "comment__subject__survey", "comment__thread", "appeal")


def open_appeals(survey: Survey) -> QuerySet[Appeal]:
    """Return the appeals that nobody has answered, oldest first."""
    rows = Appeal.objects.filter(action__survey=survey, is_granted=None)
    return rows.select_related("action__moderator", "action__author__user", "action__comment").order_by("pk")


@transaction.atomic
def appeal(*, user: User, action: ModeratorAction, text: str) -> Appeal:
    """Appeal against a moderator's action, and tell the moderators; a second appeal changes nothing.

    Raises
    ------
    PermissionDenied
        The action is about somebody else. Nothing is stored.
    ValidationError
        The text is empty or too long.
    """
    row = ModeratorAction.objects.select_for_update(of=("self",)).select_related("survey").get(pk=action.pk)
    if row.author_id != account_volunteer(user).pk or row.kind not in AGAINST:
        raise PermissionDenied(_("You can appeal against what moderators did about your own comments."))
    if present := Appeal.objects.filter(action=row).first():
        return present
    made = Appeal(action=row, text=text.strip())
    made.full_clean()
    made.save()
    log(survey=row.survey, moderator=None, comment=row.comment, kind=Kind.APPEALED)
    tell_moderators(survey=row.survey, kind=Notification.Kind.APPEALED, but=(row.author_id,))
    return made


@transaction.atomic
def answer_appeal(*, moderator: User, appeal: Appeal, is_granted: bool, answer: str) -> Appeal:
    """Answer an appeal and notify the person; granting it restores the comment and ends the suspension.

    A second answer changes nothing: the first is returned.

    Raises
    ------
    PermissionDenied
        The user moderates no Talk of this survey, or the appeal is their own. Nothing is changed.
    ValidationError
        The answer is empty or too long. Nothing is changed.
    """
    row = locked_or_404(Appeal.objects.all(), appeal.pk)
    action = row.action  # read under the lock: whose account is deleted meanwhile is in it no more
    if not Membership.objects.allows(moderator, action.survey, Role.MODERATOR):
        raise PermissionDenied(_("Only moderators can do this. Nothing was changed."))
    if action.author_id == account_volunteer(moderator).pk:
        raise PermissionDenied(_("Another moderator must answer your appeal. Nothing was changed."))
    if not answer.strip():
        raise ValidationError(_("Write an answer. The person who appealed reads it."))
    if row.is_granted is not None:
        return row
    row.is_granted, row.answer = is_granted, answer.strip()
    row.answered_by, row.answered_at = moderator, timezone.now()
    row.full_clean()
    row.save()
    forget_settled(action.survey)
    if is_granted:
        lift(moderator=moderator, action=action)
        _restore(action)
    kind = Kind.GRANTED if is_granted else Kind.REJECTED
    log(survey=action.survey, moderator=moderator, comment=action.comment, kind=kind, reason=answer[:200])
    if action.author:
        news = {"survey": action.survey, "kind": Notification.Kind.ANSWERED}
        Notification.objects.create(volunteer=action.author, **news)
    return row


def _restore(action: ModeratorAction) -> None:
    """Restore the comment of a moderator's action, unless its author has removed it since."""
    row = Comment.objects.select_for_update(of=("self",)).filter(pk=action.comment_id).first()
    if row is None or row.removed_at is None or row.is_taken_back:
        return
    row.removed_at, row.removed_by, row.removed_because = None, None, ""
    row.save()
    store_tags(row)
