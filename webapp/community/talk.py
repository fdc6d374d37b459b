"""Talk: comments on a subject or in a thread. Authors edit and remove their own; moderators may remove any."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.archive.shared_subjects import share
from webapp.community.authors import check_author
from webapp.community.blocks import without_blockers
from webapp.community.models import Comment, CommentPicture, CommentVersion, Notification, SubjectTag, Thread
from webapp.community.moderation import Kind, locked_comment, log, settle_reports
from webapp.community.pictures import check_pictures, read_picture
from webapp.community.tags import store_tags
from webapp.community.talk_index import may_read
from webapp.community.talk_text import mentioned
from webapp.volunteers.identity import locked_account_volunteer, staying
from webapp.volunteers.models import Volunteer

MOST_IN_AN_HOUR = 20
DOUBLE = timedelta(minutes=10)
"""Time in which the same text in the same place is one comment, posted twice."""


def moderates(user: User | AnonymousUser, survey: Survey) -> bool:
    """Return whether the user may remove others' comments in the survey's Talk."""
    return Membership.objects.allows(user, survey, Role.MODERATOR)


def wrote(user: User | AnonymousUser, comment: Comment) -> bool:
    """Return whether the comment is the user's own."""
    return isinstance(user, User) and comment.author is not None and comment.author.user_id == user.pk


def may_restore(user: User | AnonymousUser, comment: Comment, *, is_moderator: bool) -> bool:
    """Return whether the user may restore it: authors their own removals, moderators those by moderators."""
    if comment.removed_at is None:
        return False
    return wrote(user, comment) if comment.is_taken_back else is_moderator


@transaction.atomic
def post_comment(
    *,
    user: User,
    text: str,
    subject: Subject | None = None,
    thread: Thread | None = None,
    picture: UploadedFile | None = None,
    alt: str = "",
) -> Comment:
    """Write a comment on a subject or in a thread; notify whom it mentions (@name) and who commented there before.

    The same text and picture posted twice in a row are one comment.

    Parameters
    ----------
    alt
        What the picture shows, in words.

    Raises
    ------
    PermissionDenied
        The user may still be asked about the subject, and is no moderator. Nothing is stored.
    ValidationError
        It is empty or too long, the thread is locked and the user no moderator, the user wrote too many within an hour,
        is suspended, or is a newcomer with a link or too many pictures; or the picture is refused. Nothing is stored.
    """
    drawn = read_picture(picture, alt)
    author = locked_account_volunteer(user)
    place: Any = thread.board if thread else subject
    comment = Comment(survey=place.survey, subject=subject, thread=thread, author=author, text=_tidy(text))
    comment.full_clean()
    if double := _double_of(comment, drawn):
        return double
    _check_open(comment, user)
    if subject and not may_read(user, author, subject):
        raise PermissionDenied(_("Answer this subject first, then write about it. Nothing was posted."))
    _check_rate(author)
    check_author(author, comment.survey, text)
    share([subject.pk] if subject else [])
    comment.save()
    if drawn:
        check_pictures(author, comment.survey)
        drawn.comment = comment
        drawn.save()
    store_tags(comment)
    if thread:
        Thread.objects.filter(pk=thread.pk).update(latest_at=comment.created_at)
    _notify_mentioned(comment)
    _notify_commenters(comment)
    return comment


def _check_open(comment: Comment, user: User) -> None:
    """Raise ValidationError if the comment's thread is locked and the user is no moderator."""
    if comment.thread and comment.thread.is_locked and not moderates(user, comment.survey):
        raise ValidationError(_("Moderators locked this thread."))


def _double_of(comment: Comment, drawn: CommentPicture | None) -> Comment | None:
    same: dict[str, Any] = {**_place(comment), "author": comment.author, "text": comment.text}
    same |= {"picture__digest": drawn.digest} if drawn else {}
    recent = Comment.objects.standing().filter(**same, created_at__gt=timezone.now() - DOUBLE)
    return recent.select_related("survey").first()


def _check_rate(author: Volunteer) -> None:
    recent = Comment.objects.filter(author=author, created_at__gt=timezone.now() - timedelta(hours=1))
    if recent.count() >= MOST_IN_AN_HOUR:
        raise ValidationError(
            _("You've reached the limit of %(most)d comments an hour. Keep your text and post it later.")
            % {"most": MOST_IN_AN_HOUR}
        )


@transaction.atomic
def edit(*, user: User, comment: Comment, text: str, drops_picture: bool = False) -> Comment:
    """Change one's own comment, or delete its picture; what it said before stays in its history.

    Raises
    ------
    PermissionDenied
        It is somebody else's, or was removed.
    ValidationError
        It is empty or too long, its thread is locked and the user no moderator, or its author is suspended, or a
        newcomer with a link. Nothing is changed.
    """
    row = locked_comment(comment)
    if not wrote(user, row):
        raise PermissionDenied(_("Only the author can edit a comment. Nothing was changed."))
    if row.removed_at is not None:
        raise PermissionDenied(_("This comment was removed; you can't edit it."))
    _check_open(row, user)
    assert row.author is not None  # noqa: S101 - it is the user's own
    check_author(row.author, row.survey, text)
    before, row.text, row.edited_at = row.text, _tidy(text), timezone.now()
    row.full_clean()
    if drops_picture:
        CommentPicture.objects.filter(comment=row).delete()
    if row.text != before:
        CommentVersion.objects.create(comment=row, text=before, replaced_at=row.edited_at)
        row.save()
        store_tags(row)
    return row


@transaction.atomic
def remove(*, user: User, comment: Comment, because: str = "") -> None:
    """Remove a comment: one's own silently, another's as a moderator with a reason. Repeating it is safe.

    Raises
    ------
    PermissionDenied
        The user is neither its author nor a moderator.
    ValidationError
        A moderator gave no reason, or one that is too long. Nothing is changed.
    """
    row = locked_comment(comment)
    is_own = wrote(user, row)
    if not is_own and not moderates(user, row.survey):
        raise PermissionDenied(_("Only the author and moderators can remove a comment. Nothing was changed."))
    if row.removed_at is not None:
        return
    if not is_own and not because.strip():
        raise ValidationError(_("Give a reason. Everyone can read it."))
    row.removed_at, row.removed_by = timezone.now(), user
    row.removed_because = "" if is_own else because.strip()
    row.full_clean()
    row.save()
    store_tags(row)
    if not is_own:
        settle_reports(user, row)
        log(survey=row.survey, moderator=user, comment=row, kind=Kind.REMOVED, reason=because)


@transaction.atomic
def restore(*, user: User, comment: Comment) -> None:
    """Restore a removed comment: an author their own removal, a moderator that of a moderator.

    Raises
    ------
    PermissionDenied
        The user is not allowed to. Nothing is changed.
    """
    row = locked_comment(comment)
    if row.removed_at is None and (wrote(user, row) or moderates(user, row.survey)):
        return
    if not may_restore(user, row, is_moderator=moderates(user, row.survey)):
        raise PermissionDenied(_("Only the person who removed a comment can restore it. Nothing was changed."))
    row.removed_at, row.removed_by, row.removed_because = None, None, ""
    row.save()
    store_tags(row)
    if not wrote(user, row):
        log(survey=row.survey, moderator=user, comment=row, kind=Kind.RESTORED)


def disown(author: Volunteer) -> None:
    """Make a leaving author's comments anonymous; delete removed ones, earlier versions and tags."""
    own = Comment.objects.filter(author=author)
    delete_comments(own.exclude(removed_at=None))
    CommentVersion.objects.filter(comment__author=author).delete()
    SubjectTag.objects.filter(volunteer=author).delete()
    Thread.objects.filter(author=author).update(author=None)
    own.update(author=None)


def delete_comments(comments: QuerySet[Comment]) -> None:
    """Delete comments, and the news of mentions and replies that are nowhere else in the same thread or discussion."""
    places = list(comments.order_by().values("subject", "thread").distinct())
    comments.delete()
    for place in places:
        left = list(Comment.objects.standing().filter(**place).values_list("author", "text"))
        news = Notification.objects.filter(**place, kind__in=[Notification.Kind.MENTIONED, Notification.Kind.COMMENTED])
        rows = news.select_related("volunteer__user")
        Notification.objects.filter(pk__in=[row.pk for row in rows if not _is_news(row, left)]).delete()


def _is_news(news: Notification, left: list[tuple[int | None, str]]) -> bool:
    """Return whether one of these comments, by author and text, mentions the news' reader, or is another's reply."""
    others = [text for author, text in left if author != news.volunteer_id]
    if news.kind == Notification.Kind.COMMENTED:
        return bool(others)
    name = news.volunteer.user.get_username().lower() if news.volunteer.user else ""
    return any(name in (each.lower() for each in mentioned(text)) for text in others)


def _tidy(text: str) -> str:
    """Normalise line ends, so that they count as one character, as in the form; raise ValidationError without text."""
    tidied = text.replace("\r\n", "\n").strip()
    if not tidied:
        raise ValidationError(_("The comment is empty. Write something first."))
    return tidied


def _notify_mentioned(comment: Comment) -> None:
    """Notify each mentioned person once, until they have read it."""
    names = [name.lower() for name in mentioned(comment.text)]
    people = Volunteer.objects.annotate(name=Lower("user__username")).filter(name__in=names, user__is_active=True)
    _notify(comment, set(people.values_list("pk", flat=True)) - {comment.author_id}, Notification.Kind.MENTIONED)


def _notify_commenters(comment: Comment) -> None:
    """Notify each earlier commenter once, until they have read it."""
    comments = Comment.objects.standing().filter(**_place(comment), author__user__is_active=True)
    others = set(comments.exclude(author=comment.author).values_list("author", flat=True))
    _notify(comment, others, Notification.Kind.COMMENTED)


def _place(comment: Comment) -> dict[str, Subject | Thread | None]:
    return {"subject": comment.subject, "thread": comment.thread}


def _notify(comment: Comment, people: set[int], kind: str) -> None:
    people = without_blockers(comment.author, people)
    news = {**_place(comment), "kind": kind}
    unread = Notification.objects.filter(**news, volunteer__in=people, read_at=None)
    new = staying(people - set(unread.values_list("volunteer", flat=True)))
    Notification.objects.bulk_create(
        [Notification(volunteer_id=each, survey=comment.survey, **news) for each in sorted(new)]
    )
