"""Import a project bundle into a survey or a new one, with the checks of the pages; or only say what changes."""

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from webapp.archive.models import Membership, Role, Survey
from webapp.archive.survey_settings import change_survey, open_survey
from webapp.core.pictures import PictureRefused
from webapp.exports.bundle import OF_SURVEY, OF_WORKFLOW, to_yaml
from webapp.guides.guide_texts import TextRefused, versions, write_text
from webapp.guides.images import address_of, store_image
from webapp.guides.models import GuideImage, GuideKind, Language
from webapp.guides.project_page import TEXTS, newest_version, publish, save_draft, texts_of
from webapp.guides.translations import save_translations, sources, translated
from webapp.imports.bundle_file import GUIDE, Bundle, BundleRefused, read_bundle
from webapp.workflow_settings.change_workflow import change_workflow, open_workflow
from webapp.workflows.models import Workflow

MOST_WORKFLOWS = 50
IMAGE = re.compile(r"(?<![\w/])images/[0-9a-f]{1,32}\.(?:png|jpeg)")


@dataclass(frozen=True)
class Change:
    """What an import changes: where, from what (empty: new), and to what."""

    what: str
    before: str
    after: str


def import_bundle(*, user: User, survey: Survey, file: IO[bytes], is_dry: bool) -> list[Change]:
    """Import a bundle and return what changed; a dry run does the same and takes everything back.

    Workflows are found by their slugs. New ones are closed, since they have no subjects yet. What the bundle lacks
    stays as it is.

    Raises
    ------
    PermissionDenied
        The user is no admin of the survey. Nothing is changed.
    BundleRefused
        The file is no bundle, or the pages' checks refuse a part of it. Nothing is changed.
    """
    if not Membership.objects.allows(user, survey, Role.ADMIN):
        raise PermissionDenied(_("Only admins of the survey can do this. Nothing was changed."))
    return _imported(user, read_bundle(file), survey, is_dry=is_dry)


def open_from_bundle(*, user: User, slug: str, file: IO[bytes], is_dry: bool) -> list[Change]:
    """Create a survey from a bundle and return what it holds; its creator is its admin, and its workflows are closed.

    Raises
    ------
    PermissionDenied
        The user is no administrator of the site. Nothing is created.
    BundleRefused
        The file is no bundle, the slug is taken or invalid, or the pages' checks refuse a part. Nothing is created.
    """
    if not user.is_superuser:
        raise PermissionDenied(_("Only the site's administrators can do this. Nothing was changed."))
    return _imported(user, read_bundle(file), slug, is_dry=is_dry)


def _imported(user: User, bundle: Bundle, into: Survey | str, *, is_dry: bool) -> list[Change]:
    """Import into a survey, or into a new one of this slug."""
    changes = []
    try:
        with transaction.atomic():
            if isinstance(into, str):
                settings = _cleaned(Survey(), bundle.settings["survey"], OF_SURVEY)
                into = open_survey(by=user, slug=into, **settings)
                changes.append(Change(into.slug, "", to_yaml(settings)))
            changes += _Import(Survey.objects.get(pk=into.pk), bundle, user).run()
            transaction.set_rollback(is_dry)
    except ValidationError as error:
        raise BundleRefused(" ".join(error.messages)) from error
    except (TextRefused, PictureRefused) as error:
        raise BundleRefused(str(error)) from error
    return changes


@dataclass
class _Import:
    """One import: its survey, and the survey's workflows by the slugs that the bundle calls them."""

    survey: Survey
    bundle: Bundle
    user: User
    workflows: dict[str, Workflow] = dataclasses.field(default_factory=dict)

    def run(self) -> Iterator[Change]:
        """Import everything, in an order in which each part finds what it refers to."""
        yield from self._settings()
        yield from self._project_page()
        for settings in self.bundle.settings["workflows"][: MOST_WORKFLOWS + 1]:
            yield from self._workflow(dict(settings))
        for path, body in self.bundle.texts.items():
            if found := GUIDE.fullmatch(path):
                yield from self._guide(path, body, **found.groupdict())
        for language, texts in self.bundle.translations.items():
            yield from self._translations(language, texts)

    def _settings(self) -> Iterator[Change]:
        new = _cleaned(self.survey, self.bundle.settings["survey"], OF_SURVEY)
        changed = _different(self.survey, new)
        yield from (Change(name, _shown(getattr(self.survey, name)), _shown(changed[name])) for name in changed)
        if changed:
            self.survey = change_survey(survey=self.survey, **changed)

    def _project_page(self) -> Iterator[Change]:
        new = {
            name: _bounded(self.survey, name, self._with_images(body))
            for name in TEXTS
            if (body := self.bundle.texts.get(f"texts/{name}.md"))
        }
        changed = _different(self.survey, new)
        yield from (Change(name, getattr(self.survey, name), changed[name]) for name in changed)
        if changed:
            newest = newest_version(self.survey)
            texts, based_on = texts_of(self.survey) | changed, newest.number if newest else 0
            publish(version=save_draft(survey=self.survey, texts=texts, based_on=based_on, by=self.user), by=self.user)
            self.survey.refresh_from_db()

    def _workflow(self, settings: dict[str, Any]) -> Iterator[Change]:
        if len(self.workflows) == MOST_WORKFLOWS:
            raise BundleRefused(_("A bundle has at most %(most)d workflows.") % {"most": MOST_WORKFLOWS})
        slug = Workflow._meta.get_field("slug").clean(settings.pop("slug"), None)
        here = f"{slug}-{self.survey.slug}"[:50]
        row = Workflow.objects.filter(survey=self.survey, slug__in=[slug, here]).order_by("pk").first()
        new = _cleaned(row or Workflow(survey=self.survey), settings, OF_WORKFLOW)
        if row is None:
            new = {"kind": "", **new}
            taken = Workflow.objects.filter(slug=slug).exists()
            saved = open_workflow(
                survey=self.survey, slug=here if taken else slug, subject_sets=[], is_active=False, **new
            )
            yield Change(saved.workflow.slug, "", to_yaml(new))
            self.workflows[slug] = saved.workflow
            return
        self.workflows[slug] = row
        changed = _different(row, new)
        if "kind" in changed:
            raise BundleRefused(_("“%(name)s” is about another kind of subject here.") % {"name": row.slug})
        yield from (
            Change(f"{row.slug}: {name}", _shown(getattr(row, name)), _shown(changed[name])) for name in changed
        )
        if changed:
            change_workflow(workflow=row, subject_sets=list(row.subject_sets.all()), by=self.user, **changed)

    def _guide(self, path: str, body: str, workflow: str | None, kind: str, language: str) -> Iterator[Change]:
        is_known = workflow in self.workflows if workflow else True
        if not is_known or (kind == GuideKind.FIELD_GUIDE) == bool(workflow) or language not in Language.values:
            raise BundleRefused(_("A project bundle has no place for “%(name)s”.") % {"name": path})
        of: dict[str, Any] = {"survey": self.survey, "workflow": self.workflows[workflow] if workflow else None}
        newest = versions(**of, kind=kind, language=language).first()
        body = self._with_images(body)
        if newest is None or newest.body != body:
            based_on = newest.version if newest else 0
            write_text(**of, kind=kind, language=language, body=body, based_on=based_on, by=self.user)
            yield Change(path, newest.body if newest else "", body)

    def _translations(self, language: str, texts: dict[str, str]) -> Iterator[Change]:
        before = translated(self.survey, language)
        slugs = {row.slug: slug for slug, row in self.workflows.items()}
        new = {}
        for source in sources(self.survey):
            slug = slugs.get(source.workflow.slug, "") if source.workflow else ""
            text = texts.get(f"{slug}.{source.field}" if source.workflow else source.field, "")
            text = self._with_images(text).strip()
            old = before[source.key].text if source.key in before else ""
            if text and text != old:
                new[source.key] = text
                yield Change(f"{source.key} ({language})", old, text)
        save_translations(user=self.user, survey=self.survey, language=language, texts=new)

    def _with_images(self, body: str) -> str:
        """Return a text whose images, of the bundle, are the survey's own; stores those that it lacks."""
        return IMAGE.sub(lambda found: self._address(found[0]), body)

    def _address(self, path: str) -> str:
        data = self.bundle.images.get(path)
        if data is None:
            return path
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        row = GuideImage.objects.filter(survey=self.survey, digest=digest).first()
        upload = SimpleUploadedFile(path.rpartition("/")[2], data)
        return address_of(row or store_image(survey=self.survey, upload=upload, by=self.user))


def _cleaned(row: Model, values: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of a row's columns, of their types; raises BundleRefused for an unknown or invalid one."""
    cleaned = {}
    for name, value in values.items():
        if name not in known:
            raise BundleRefused(_("There is no setting “%(name)s”.") % {"name": str(name)[:100]})
        try:
            field: Any = row._meta.get_field(name)
            cleaned[name] = _structured(name, field.clean(value, None))
        except (ValidationError, TypeError, ValueError, OverflowError) as error:
            message = _("“%(value)s” is not a valid value for “%(name)s”.")
            raise BundleRefused(message % {"name": name, "value": str(value)[:100]}) from error
    return cleaned


def _structured(name: str, value: Any) -> Any:
    """Check the settings that JSON columns hold: lists of names, alone or by answer."""
    if name == "follow_ups" and not isinstance(value, dict):
        raise ValueError(name)
    lists = [value] if name in ("classes", "positive") else [*value.values()] if name == "follow_ups" else []
    if not all(isinstance(each, list) and all(isinstance(one, str) for one in each) for each in lists):
        raise ValueError(name)
    return value


def _bounded(survey: Survey, name: str, text: str) -> str:
    most = getattr(survey._meta.get_field(name), "max_length", None)
    if most and len(text) > most:
        message = _("“%(name)s” has %(length)d characters; %(most)d are allowed.")
        raise BundleRefused(message % {"name": name, "length": len(text), "most": most})
    return text


def _different(row: Model, new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in new.items() if getattr(row, name) != value}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else to_yaml(value).removesuffix("...\n").strip()
