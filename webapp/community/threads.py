"""Talk's boards, made by a survey's admins, and their threads, which moderators pin and lock."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey
from webapp.community.board_models import USUAL_BOARDS
from webapp.community.models import Board, Comment, Thread
from webapp.community.moderation import Kind, log
from webapp.community.talk import moderates, post_comment
from webapp.core.locked_rows import locked_or_404
from webapp.volunteers.identity import locked_account_volunteer

MOST_BOARDS = 30
CHANGES = {
    Kind.PINNED: ("is_pinned", True),
    Kind.UNPINNED: ("is_pinned", False),
    Kind.LOCKED: ("is_locked", True),
    Kind.UNLOCKED: ("is_locked", False),
}


@transaction.atomic
def make_usual_boards(*, user: User, survey: Survey) -> None:
    """Create the boards that most surveys want, as far as they are missing; raises PermissionDenied for non-admins."""
    _check_admin(user, survey)
    for name, description in USUAL_BOARDS.items():
        Board.objects.get_or_create(survey=survey, name=name, defaults={"description": description})


@transaction.atomic
def save_board(*, user: User, survey: Survey, name: str, description: str, board: Board | None = None) -> Board:
    """Create a board, or change the given one.

    Raises
    ------
    PermissionDenied
        The user is no admin of the survey. Nothing is changed.
    ValidationError
        The name is empty, too long or taken, or there are too many boards. Nothing is changed.
    """
    _check_admin(user, survey)
    row = locked_or_404(Board.objects.all(), board.pk) if board else Board(survey=survey)
    if board is None and Board.objects.filter(survey=survey).count() >= MOST_BOARDS:
        raise ValidationError(_("A survey has at most %(most)d boards.") % {"most": MOST_BOARDS})
    row.name, row.description = name.strip(), description.strip()
    row.full_clean()
    row.save()
    return row


@transaction.atomic
def delete_board(*, user: User, board: Board) -> None:
    """Delete an empty board.

    Raises
    ------
    PermissionDenied
        The user is no admin of the survey. Nothing is changed.
    ValidationError
        It has threads, which would go with it.
    """
    _check_admin(user, board.survey)
    row = locked_or_404(Board.objects.all(), board.pk)
    if row.threads.exists():
        raise ValidationError(_("This board has threads. Only empty boards can be deleted."))
    row.delete()


def _check_admin(user: User, survey: Survey) -> None:
    if not Membership.objects.allows(user, survey, Role.ADMIN):
        raise PermissionDenied(_("Only admins of the survey can do this. Nothing was changed."))


@transaction.atomic
def open_thread(
    *, user: User, board: Board, title: str, text: str, picture: UploadedFile | None = None, alt: str = ""
) -> Comment:
    """Start a thread with its first comment, which is returned; the same one posted twice is one thread.

    Raises
    ------
    ValidationError
        The title is empty or too long, or `post_comment` refuses the text. Nothing is stored.
    """
    author = locked_account_volunteer(user)
    locked_or_404(Board.objects.all(), board.pk)  # which an admin deletes only while it is empty
    last = Thread.objects.filter(board=board, author=author).order_by("-pk").first()
    first = last and last.title == title.strip() and last.comments.select_related("survey").order_by("pk").first()
    if first and first.text == text.replace("\r\n", "\n").strip():
        return first
    thread = Thread(board=board, title=_tidy(title), author=author)
    thread.full_clean()
    thread.save()
    return post_comment(user=user, thread=thread, text=text, picture=picture, alt=alt)


@transaction.atomic
def change_thread(*, user: User, thread: Thread, kind: str) -> None:
    """Pin, unpin, lock or unlock a thread, and write it to the moderators' log; repeating it is safe.

    Raises
    ------
    PermissionDenied
        The user moderates no Talk of this survey. Nothing is changed.
    ValidationError
        There is no such change.
    """
    survey = thread.board.survey
    if not moderates(user, survey):
        raise PermissionDenied(_("Only moderators can do this. Nothing was changed."))
    if kind not in CHANGES:
        raise ValidationError(_("Choose what to do."))
    field, value = CHANGES[Kind(kind)]
    if Thread.objects.filter(pk=thread.pk).exclude(**{field: value}).update(**{field: value}):
        log(survey=survey, moderator=user, comment=_first_comment(thread), kind=kind)


@transaction.atomic
def rename_thread(*, user: User, thread: Thread, title: str) -> None:
    """Give a thread another title, and write the old one to the moderators' log.

    Raises
    ------
    PermissionDenied
        The user moderates no Talk of this survey. Nothing is changed.
    ValidationError
        The title is empty or too long.
    """
    survey = thread.board.survey
    if not moderates(user, survey):
        raise PermissionDenied(_("Only moderators can do this. Nothing was changed."))
    before, thread.title = thread.title, _tidy(title)
    thread.full_clean()
    thread.save(update_fields=["title"])
    log(survey=survey, moderator=user, comment=_first_comment(thread), kind=Kind.RENAMED, reason=before)


def _tidy(title: str) -> str:
    """Return the title without spaces around it; raise ValidationError if nothing is left."""
    if not title.strip():
        raise ValidationError(_("The title is empty. Write one first."))
    return title.strip()


def _first_comment(thread: Thread) -> Comment | None:
    return thread.comments.select_related("author").order_by("pk").first()
