"""Versioned guide texts by language: which one is current, and writing a new version."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.guides.models import GuideKind, GuideText, Language
from webapp.workflows.models import Workflow

LONGEST = 100_000
"""Characters of one text."""


class TextRefused(ValueError):
    """A text that cannot be kept; the sentence says why and what to do."""


def reader_language() -> str:
    """Return the language that the page is shown in, as far as texts may be written in it."""
    language = (get_language() or "").partition("-")[0]
    return language if language in Language.values else Language.ENGLISH


def versions(survey: Survey, workflow: Workflow | None, kind: str, language: str) -> QuerySet[GuideText]:
    """Return all versions of one text, the newest first."""
    of = {"survey": survey, "workflow": None if kind == GuideKind.FIELD_GUIDE else workflow}
    return GuideText.objects.filter(**of, kind=kind, language=language).order_by("-version")


def current_text(survey: Survey, workflow: Workflow | None, kind: str, language: str = "") -> GuideText | None:
    """Return what a reader of the language reads: the newest version in it, else the newest in English."""
    for each in dict.fromkeys((language or reader_language(), Language.ENGLISH.value)):
        newest = versions(survey, workflow, kind, each).first()
        if newest is not None and newest.body.strip():
            return newest
    return None


@transaction.atomic
def write_text(
    *, survey: Survey, workflow: Workflow | None, kind: str, language: str, body: str, based_on: int, by: User
) -> GuideText:
    """Keep a new version of a text; the one before stays as it was.

    Parameters
    ----------
    based_on
        The version that the writer began with, 0 for none.

    Raises
    ------
    TextRefused
        The text is too long, or somebody has saved a newer version meanwhile. Nothing is kept then.
    """
    if len(body) > LONGEST:
        raise TextRefused(
            _("The text has %(length)d characters; %(most)d are allowed. Shorten it.")
            % {"length": len(body), "most": LONGEST}
        )
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
        "%(who)s saved version %(version)d while you were writing. Your text stands below and is not saved: look at "
        "theirs under Versions, put both together, and save again."
    ) % {"who": newest.created_by or _("Somebody"), "version": newest.version}
