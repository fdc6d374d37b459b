"""Talk: comments on a subject, which their authors and moderators may change; and a survey's Talk with its search."""

import re
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.community.models import Comment, Notification
from webapp.community.moderation import Kind, check_author, log
from webapp.queue.entries import waiting_for
from webapp.volunteers.identity import account_volunteer
from webapp.volunteers.models import Volunteer

MOST_IN_AN_HOUR = 20
MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
MOST_MENTIONS = 10


def moderates(user: User | AnonymousUser, subject: Subject) -> bool:
    """Return whether the user may remove others' comments on the subject."""
    return Membership.objects.allows(user, subject.survey, Role.MODERATOR)


def wrote(user: User | AnonymousUser, comment: Comment) -> bool:
    """Return whether the comment is the user's own."""
    return isinstance(user, User) and comment.author is not None and comment.author.user_id == user.pk


def may_bring_back(user: User | AnonymousUser, comment: Comment, *, is_moderator: bool) -> bool:
    """Return whether the user may restore it: authors their own removals, moderators those by moderators."""
    if comment.removed_at is None:
        return False
    return wrote(user, comment) if comment.is_taken_back else is_moderator


@transaction.atomic
def say(*, user: User, subject: Subject, text: str) -> Comment:
    """Write a comment, and notify those whom it mentions (@name) and those who commented on the subject before.

    Raises ValidationError: it is empty or too long, the user wrote too many within an hour, is suspended, or is a
    newcomer with a link. Nothing is stored.
    """
    author = Volunteer.objects.select_for_update(no_key=True).get(pk=account_volunteer(user).pk)
    recent = Comment.objects.filter(author=author, created_at__gt=timezone.now() - timedelta(hours=1))
    if recent.count() >= MOST_IN_AN_HOUR:
        raise ValidationError(
            _("You've reached the limit of %(most)d comments an hour. Keep your text and post it later.")
            % {"most": MOST_IN_AN_HOUR}
        )
    check_author(author, subject.survey, text)
    comment = Comment(subject=subject, author=author, text=_tidy(text))
    comment.full_clean()
    comment.save()
    _tell_the_mentioned(comment)
    _tell_the_others(comment)
    return comment


@transaction.atomic
def edit(*, user: User, comment: Comment, text: str) -> Comment:
    """Change one's own comment.

    Raises PermissionDenied: it is somebody else's, or was removed. Raises ValidationError: it is empty or too long, or
    its author is suspended, or a newcomer with a link. Nothing is changed.
    """
    row = _locked(comment)
    if not wrote(user, row):
        raise PermissionDenied(_("Only the author can edit a comment. Nothing was changed."))
    if row.removed_at is not None:
        raise PermissionDenied(_("This comment was removed; you can't edit it."))
    assert row.author is not None  # noqa: S101 - it is the user's own
    check_author(row.author, row.subject.survey, text)
    row.text, row.edited_at = _tidy(text), timezone.now()
    row.full_clean()
    row.save()
    return row


@transaction.atomic
def remove(*, user: User, comment: Comment, because: str = "") -> None:
    """Remove a comment: one's own silently, another's as a moderator with a reason. Repeating it is safe.

    Raises PermissionDenied: the user is neither its author nor a moderator. Raises ValidationError: a moderator gave no
    reason, or one that is too long. Nothing is changed.
    """
    row = _locked(comment)
    is_own = wrote(user, row)
    if not is_own and not moderates(user, row.subject):
        raise PermissionDenied(_("Only the author and moderators can remove a comment. Nothing was changed."))
    if row.removed_at is not None:
        return
    if not is_own and not because.strip():
        raise ValidationError(_("Give a reason. Everyone can read it."))
    row.removed_at, row.removed_by = timezone.now(), user
    row.removed_because = "" if is_own else because.strip()
    row.full_clean()
    row.save()
    if not is_own:
        log(survey=row.subject.survey, moderator=user, comment=row, kind=Kind.REMOVED, reason=because)


@transaction.atomic
def bring_back(*, user: User, comment: Comment) -> None:
    """Restore a removed comment: an author their own removal, a moderator that of a moderator.

    Raises PermissionDenied: the user is not allowed to. Nothing is changed.
    """
    row = _locked(comment)
    if row.removed_at is None and (wrote(user, row) or moderates(user, row.subject)):
        return
    if not may_bring_back(user, row, is_moderator=moderates(user, row.subject)):
        raise PermissionDenied(_("Only the person who removed a comment can restore it. Nothing was changed."))
    row.removed_at, row.removed_by, row.removed_because = None, None, ""
    row.save()
    if not wrote(user, row):
        log(survey=row.subject.survey, moderator=user, comment=row, kind=Kind.RESTORED)


def disown(author: Volunteer) -> None:
    """Make a leaving author's comments anonymous; removed ones are deleted."""
    own = Comment.objects.filter(author=author)
    own.exclude(removed_at=None).delete()
    own.update(author=None)


def _locked(comment: Comment) -> Comment:
    return (
        Comment.objects.select_for_update(of=("self",)).select_related("subject__survey", "author").get(pk=comment.pk)
    )


def _tidy(text: str) -> str:
    """Normalise line ends, so that they count as one character, as in the form."""
    return text.replace("\r\n", "\n").strip()


def mentioned(text: str) -> list[str]:
    """Return the user names after an @, in order, without the full stop of a sentence."""
    return list(dict.fromkeys(name.rstrip(".") for name in MENTION.findall(text)))[:MOST_MENTIONS]


def _tell_the_mentioned(comment: Comment) -> None:
    """Notify each mentioned person once, until they have read it."""
    names = [name.lower() for name in mentioned(comment.text)]
    people = Volunteer.objects.annotate(name=Lower("user__username")).filter(name__in=names, user__is_active=True)
    _notify(comment, set(people.values_list("pk", flat=True)) - {comment.author_id}, Notification.Kind.MENTIONED)


def _tell_the_others(comment: Comment) -> None:
    """Notify each earlier commenter once, until they have read it."""
    comments = Comment.objects.standing().filter(subject=comment.subject, author__user__is_active=True)
    others = set(comments.exclude(author=comment.author).values_list("author", flat=True))
    _notify(comment, others, Notification.Kind.COMMENTED)


def _notify(comment: Comment, people: set[int], kind: str) -> None:
    unread = Notification.objects.filter(volunteer__in=people, subject=comment.subject, kind=kind, read_at=None)
    new = people - set(unread.values_list("volunteer", flat=True))
    Notification.objects.bulk_create(
        [Notification(volunteer_id=each, subject=comment.subject, kind=kind) for each in sorted(new)]
    )


CONFIG = "simple"
"""Comments are in many languages, so words are not reduced to stems."""


def may_read(user: User | AnonymousUser, reader: Volunteer | None, subject: Subject) -> bool:
    """Return whether the reader is no longer asked about the subject; moderators always read."""
    if Membership.objects.allows(user, subject.survey, Role.MODERATOR):
        return True
    return not Subject.objects.filter(Exists(waiting_for(reader)), pk=subject.pk).exists()


def readable_comments(user: User | AnonymousUser, reader: Volunteer | None, survey: Survey) -> QuerySet[Comment]:
    """Return the survey's comments, newest first, except on subjects that the reader may still be asked about."""
    rows = Comment.objects.standing().filter(subject__survey=survey).order_by("-pk")
    rows = rows.select_related("subject__survey", "author__user__profile")
    if Membership.objects.allows(user, survey, Role.MODERATOR):
        return rows
    return rows.exclude(Exists(waiting_for(reader, "subject")))


def containing(comments: QuerySet[Comment], words: str) -> QuerySet[Comment]:
    """Return the comments with all words; “quoted phrases”, or and -not work as in search engines."""
    wanted = SearchQuery(words, config=CONFIG, search_type="websearch")
    return comments.annotate(document=SearchVector("text", config=CONFIG)).filter(document=wanted)
