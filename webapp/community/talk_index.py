"""A survey's Talk: all comments that the reader may read, newest first, and their search (PostgreSQL full text)."""

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.classifications.models import Classification
from webapp.community.models import Comment
from webapp.queue.entries import waiting_for
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

CONFIG = "simple"
"""Comments are in many languages, so words are not reduced to stems."""


def may_read(user: User | AnonymousUser, reader: Volunteer | None, subject: Subject) -> bool:
    """Return whether the reader is no longer asked about the subject; moderators always read."""
    if Membership.objects.allows(user, subject.survey, Role.MODERATOR):
        return True
    return not Subject.objects.filter(Exists(waiting_for(reader)), pk=subject.pk).exists()


def has_answered(reader: Volunteer | None, subject: Subject) -> bool:
    """Return whether the reader has answered the subject, wherever else it may still be asked about."""
    return reader is not None and Classification.objects.standing().filter(volunteer=reader, subject=subject).exists()


def asking_about(reader: Volunteer | None, subject: Subject) -> Workflow | None:
    """Return the first open workflow that may still ask the reader about the subject."""
    open_ones = Workflow.objects.filter(is_active=True).annotate(asked=Value(subject.pk)).order_by("name")
    return open_ones.filter(Exists(waiting_for(reader, "asked").filter(workflow=OuterRef("pk")))).first()


def is_readable(user: User | AnonymousUser, reader: Volunteer | None, comment: Comment) -> bool:
    """Return whether the comment still stands, and the reader will no longer be asked about its subject, if any."""
    if comment.removed_at is not None:
        return False
    return comment.subject is None or may_read(user, reader, comment.subject)


def readable_comments(user: User | AnonymousUser, reader: Volunteer | None, survey: Survey) -> QuerySet[Comment]:
    """Return the survey's comments, newest first, except on subjects that the reader may still be asked about."""
    rows = Comment.objects.standing().filter(survey=survey).order_by("-pk")
    rows = rows.with_pictures().select_related("subject", "thread", "author__user__profile")
    rows = rows.defer("subject__metadata", "subject__light_curve")
    if Membership.objects.allows(user, survey, Role.MODERATOR):
        return rows
    return rows.exclude(Exists(waiting_for(reader, "subject")))


def readable(rows: QuerySet[Comment], reader: Volunteer | None, moderated: QuerySet[Survey]) -> QuerySet[Comment]:
    """Exclude comments on subjects that the reader may still be asked about, except in surveys that they moderate."""
    return rows.filter(~Exists(waiting_for(reader, "subject")) | Q(survey__in=moderated))


def written_by(comments: QuerySet[Comment], name: str) -> QuerySet[Comment]:
    """Return the comments of the account with this user name; without case, as mentions are."""
    return comments.filter(author__user__username__iexact=name)


def containing(comments: QuerySet[Comment], words: str) -> QuerySet[Comment]:
    """Return the comments with all words; “quoted phrases”, or and -not work as in search engines."""
    return comments.filter(document=SearchQuery(words, config=CONFIG, search_type="websearch"))
