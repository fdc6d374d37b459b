"""Translations of a survey's texts and its workflows' questions by the survey's admins, and how complete they are."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.archive.models import Membership, Role, Survey
from webapp.guides.guide_texts import current_text, reader_language
from webapp.guides.models import GuideKind, GuideText, Language, Translation
from webapp.workflows.models import Workflow

OF_SURVEY: dict[str, Promise] = {
    "description": gettext_lazy("Description"),
    "story": gettext_lazy("Story"),
    "team": gettext_lazy("Team"),
    "faq": gettext_lazy("Questions and answers"),
}
OF_WORKFLOW: dict[str, Promise] = {
    "name": gettext_lazy("Name"),
    "question": gettext_lazy("Question"),
    "help_text": gettext_lazy("Help"),
}
LONGEST = 20_000
SEEN = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}")


@dataclass(frozen=True)
class Source:
    """A text to translate: its place, its label, and what it says in the survey's own language."""

    workflow: Workflow | None
    field: str
    label: Promise
    text: str
    longest: int

    @property
    def key(self) -> str:
        """Return its name in forms and bundles: story, or atlas.question."""
        return f"{self.workflow.slug}.{self.field}" if self.workflow else self.field

    @property
    def digest(self) -> str:
        return _digest(self.text)

    def seen_with(self, translation: Translation | None) -> str:
        """Return what a page shows of it, as a fingerprint: the text, and its translation."""
        return f"{self.digest}-{_digest(translation.text if translation else '')}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


class TranslatedMeanwhile(ValidationError):
    """Somebody else has saved some of the same texts since the page was opened; `keys` names them."""

    def __init__(self, changes: "Collection[_Change]") -> None:
        message = _(
            "Someone saved some of these texts after you opened this page, so nothing was saved. Save again to "
            "replace theirs: %(texts)s"
        )
        super().__init__(message % {"texts": " ".join(f"“{each.theirs}”" for each in changes)})
        self.keys = {each.source.key for each in changes}


def show_translated(*rows: Survey | Workflow) -> None:
    """Replace the texts of surveys and workflows by those in the reader's language, where there are any.

    For the page only: the rows must not be saved afterwards. The workflows' surveys must be loaded.
    """
    language = reader_language()
    surveys = {(each if isinstance(each, Survey) else each.survey) for each in rows}
    foreign = [each.pk for each in surveys if each.language != language]
    if not foreign:
        return
    found = Translation.objects.filter(survey__in=foreign, language=language).exclude(survey__language=F("language"))
    texts: dict[tuple[int, int | None], dict[str, str]] = {}
    for each in found:
        texts.setdefault((each.survey_id, each.workflow_id), {})[each.field] = each.text
    for row in rows:
        place = (row.pk, None) if isinstance(row, Survey) else (row.survey_id, row.pk)
        for field, text in texts.get(place, {}).items():
            setattr(row, field, text)


def sources(survey: Survey) -> Iterator[Source]:
    """Yield the texts of a survey and of its workflows that are not empty."""
    for row, fields in [(survey, OF_SURVEY), *((each, OF_WORKFLOW) for each in survey.workflows.all())]:
        for field, label in fields.items():
            text = getattr(row, field)
            longest = getattr(row._meta.get_field(field), "max_length", None) or LONGEST
            if text.strip():
                yield Source(row if isinstance(row, Workflow) else None, field, label, text, longest)


def translated(survey: Survey, language: str) -> dict[str, Translation]:
    """Return the translations into a language, by their sources' keys."""
    rows = Translation.objects.filter(survey=survey, language=language).select_related("workflow")
    return {f"{row.workflow.slug}.{row.field}" if row.workflow else row.field: row for row in rows}


@transaction.atomic
def save_translations(
    *,
    user: User,
    survey: Survey,
    language: str,
    texts: Mapping[str, str],
    confirmed: Collection[str] = (),
    seen: Mapping[str, str] | None = None,
) -> int:
    """Store translations by their sources' keys, delete empty ones, and return how many changed.

    Parameters
    ----------
    confirmed
        Keys of translations that are up to date although what they translate has changed.
    seen
        What the translator's page showed, `Source.seen_with` by key: texts that they left as they were stay as they
        are now, and a translation is of the text that they saw. Without it, all are overwritten.

    Raises
    ------
    PermissionDenied
        The user is no admin of the survey. Nothing is changed.
    ValidationError
        A text is too long, or the language is the survey's own or none of the site's. Nothing is changed. A
        TranslatedMeanwhile if somebody else has saved what the translator has changed.
    """
    if not Membership.objects.allows(user, survey, Role.ADMIN):
        raise PermissionDenied(_("Only admins of the survey can do this. Nothing was changed."))
    if language not in Language.values or language == survey.language:
        raise ValidationError(_("Choose a language other than the survey's own."))
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)  # two translators save at once
    changes = list(_changes(survey, translated(survey, language), texts, confirmed, seen or {}))
    if lost := [each for each in changes if each.is_lost]:
        raise TranslatedMeanwhile(lost)
    return sum(_save(each, survey, language, user) for each in changes)


@dataclass(frozen=True)
class _Change:
    """A translation that somebody changes, and fingerprints of the source and of the translation that they saw."""

    source: Source
    row: Translation | None
    text: str
    seen_source: str
    seen_text: str

    @property
    def is_lost(self) -> bool:
        """Return whether somebody else has changed it since."""
        return self.seen_text != _digest(self.theirs)

    @property
    def theirs(self) -> str:
        return self.row.text if self.row else ""


def _changes(
    survey: Survey,
    present: Mapping[str, Translation],
    texts: Mapping[str, str],
    confirmed: Collection[str],
    seen: Mapping[str, str],
) -> Iterator[_Change]:
    for source in sources(survey):
        if source.key in texts:
            text, row = texts[source.key].replace("\r\n", "\n").strip(), present.get(source.key)
            is_known = SEEN.fullmatch(seen.get(source.key, "")) is not None
            of_source, _dash, of_text = (seen[source.key] if is_known else source.seen_with(row)).partition("-")
            is_left = of_text == _digest(text) if is_known else row is not None and row.text == text
            if source.key in confirmed or not is_left:
                yield _Change(source, row, text, of_source, of_text)


def _save(change: _Change, survey: Survey, language: str, by: User) -> bool:
    source, row, text = change.source, change.row, change.text
    if len(text) > source.longest or "\0" in text:
        message = _("“%(name)s” has %(length)d characters; %(most)d are allowed.")
        raise ValidationError(message % {"name": source.label, "length": len(text), "most": source.longest})
    if not text:
        if row:
            row.delete()
        return row is not None
    place: dict[str, Any] = {"survey": survey, "workflow": source.workflow, "field": source.field, "language": language}
    new = {"text": text, "source": change.seen_source, "changed_by": by}
    Translation.objects.update_or_create(**place, defaults=new)
    return True


@dataclass(frozen=True)
class Completeness:
    """A language, and how many of a survey's texts and guides it has, up to date or older than what they translate."""

    code: str
    name: str
    done: int
    outdated: int
    all: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.all if self.all else 100

    @property
    def missing(self) -> int:
        return self.all - self.done - self.outdated


def completeness(survey: Survey) -> list[Completeness]:
    """Return for each language but the survey's own how complete it is."""
    texts, guides = list(sources(survey)), list(own_guides(survey))
    return [
        _completeness(survey, code, name, texts, guides) for code, name in Language.choices if code != survey.language
    ]


def own_guides(survey: Survey) -> Iterator[GuideText]:
    """Yield the survey's guides in its own language, as volunteers read them now."""
    places: list[tuple[Workflow | None, GuideKind]] = [(None, GuideKind.FIELD_GUIDE)]
    places += [(each, kind) for each in survey.workflows.all() for kind in (GuideKind.TUTORIAL, GuideKind.HELP)]
    for workflow, kind in places:
        text = current_text(survey, workflow, kind, survey.language)
        if text and text.language == survey.language:
            yield text


def is_outdated(guide: GuideText, translation: GuideText) -> bool:
    """Return whether a guide was changed after its translation."""
    return guide.created_at > translation.created_at


def guide_in(guide: GuideText, language: str) -> GuideText | None:
    """Return a guide's text in a language, if there is one."""
    text = current_text(guide.survey, guide.workflow, guide.kind, language)
    return text if text and text.language == language else None


def _completeness(
    survey: Survey, code: str, name: str, texts: Iterable[Source], guides: Iterable[GuideText]
) -> Completeness:
    present = translated(survey, code)
    states = [present[each.key].source != each.digest if each.key in present else None for each in texts]
    for guide in guides:
        found = guide_in(guide, code)
        states.append(is_outdated(guide, found) if found else None)
    return Completeness(code, str(name), states.count(False), states.count(True), len(states))
