"""Versioned guide texts by language, and a volunteer's progress in a tutorial."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.core.markdown import Section, sections
from webapp.guides.built_in import built_in_steps
from webapp.guides.models import GuideKind, GuideText, Language, TutorialProgress
from webapp.volunteers.identity import as_account, lock_person
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

LONGEST = 100_000
"""Maximum characters of a text."""


class TextRefused(ValueError):
    """A text that is not accepted; the message says why and what to do."""


def reader_language() -> str:
    """Return the page's language, if texts can be written in it."""
    language = (get_language() or "").partition("-")[0]
    return language if language in Language.values else Language.ENGLISH


def versions(survey: Survey, workflow: Workflow | None, kind: str, language: str) -> QuerySet[GuideText]:
    """Return all versions of one text, newest first."""
    of = {"survey": survey, "workflow": None if kind == GuideKind.FIELD_GUIDE else workflow}
    return GuideText.objects.filter(**of, kind=kind, language=language).order_by("-version")


def current_text(survey: Survey, workflow: Workflow | None, kind: str, language: str = "") -> GuideText | None:
    """Return the newest text in a reader's language, else in the survey's own, else in English."""
    for each in dict.fromkeys((language or reader_language(), survey.language, Language.ENGLISH.value)):
        newest = versions(survey, workflow, kind, each).first()
        if newest is not None and newest.body.strip():
            return newest
    return None


def check_length(body: str) -> None:
    """Raise TextRefused for a text that is too long to be stored, or to be shown in time."""
    if len(body) > LONGEST:
        raise TextRefused(
            _("The text has %(length)d characters; %(most)d are allowed. Shorten it.")
            % {"length": len(body), "most": LONGEST}
        )


@transaction.atomic
def write_text(
    *, survey: Survey, workflow: Workflow | None, kind: str, language: str, body: str, based_on: int, by: User
) -> GuideText:
    """Store a new version of a text; the previous one is kept.

    Raises TextRefused: the text is too long, or a newer version was saved meanwhile. Nothing is stored.

    Parameters
    ----------
    based_on
        The version that the text is based on, 0 for none.
    """
    check_length(body)
    newest = versions(survey, workflow, kind, language).first()
    if newest is not None and newest.version != based_on:
        raise TextRefused(_newer(newest))
    if newest is not None and newest.body == body:
        return newest
    try:
        with transaction.atomic():
            return GuideText.objects.create(
                survey=survey,
                workflow=None if kind == GuideKind.FIELD_GUIDE else workflow,
                kind=kind,
                language=language,
                version=based_on + 1,
                body=body,
                created_by=by,
            )
    except IntegrityError as error:
        raise TextRefused(_newer(versions(survey, workflow, kind, language)[0])) from error


def _newer(newest: GuideText) -> str:
    return _(
        "%(who)s saved version %(version)d while you were writing. Your text is below but not saved: see "
        "theirs under Versions, merge the two and save again."
    ) % {"who": newest.created_by or _("Someone"), "version": newest.version}


@dataclass(frozen=True)
class Tutorial:
    """The reader's version (None: the built-in one), its steps, and their progress."""

    text: GuideText | None
    steps: list[Section]
    step: int
    is_finished: bool


def tutorial_of(workflow: Workflow, volunteer: Volunteer | None) -> Tutorial:
    """Return the workflow's tutorial for a reader.

    The built-in one never opens by itself, so that the first picture is two clicks from the front page.
    """
    text = current_text(workflow.survey, workflow, GuideKind.TUTORIAL)
    if text is None:
        return Tutorial(None, built_in_steps(workflow), 0, is_finished=True)
    steps = sections(text.body)
    progress = TutorialProgress.objects.filter(volunteer=volunteer, text=text).first() if volunteer else None
    step = min(progress.step, len(steps) - 1) if progress else 0
    return Tutorial(text, steps, step, is_finished=bool(progress and progress.finished_at))


@as_account
@transaction.atomic
def note_step(volunteer: Volunteer, *, text: GuideText, steps: int, step: int, is_finished: bool) -> None:
    """Store a volunteer's progress. Finished stays finished, even when they read it again."""
    if not lock_person(volunteer):
        return
    step = max(0, min(step, steps - 1))
    row, _ = TutorialProgress.objects.get_or_create(volunteer=volunteer, text=text)
    row.step, written = step, ["step"]
    if is_finished and row.finished_at is None:
        row.finished_at, written = timezone.now(), ["step", "finished_at"]
    row.save(update_fields=written)  # the last step's request may arrive together with the finish, and must not undo it


def merge_tutorial_progress(visitor: Volunteer, account: Volunteer) -> None:
    """Move a visitor's progress to their account, unless it has its own."""
    known = TutorialProgress.objects.filter(volunteer=account).values("text")
    TutorialProgress.objects.filter(volunteer=visitor).exclude(text__in=known).update(volunteer=account)
