"""Versions of a survey's project page: drafts that only its scientists see, publishing, and reverting."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.guides.guide_texts import TextRefused
from webapp.guides.models import ProjectPageVersion

TEXTS = ("story", "team", "faq")


def newest_version(survey: Survey) -> ProjectPageVersion | None:
    return ProjectPageVersion.objects.filter(survey=survey).first()


def live_version(survey: Survey) -> ProjectPageVersion | None:
    """Return the version that visitors read; publishing always makes a new one, so it is the newest published."""
    return ProjectPageVersion.objects.filter(survey=survey, published_at__isnull=False).first()


def texts_of(row: Survey | ProjectPageVersion) -> dict[str, str]:
    return {name: getattr(row, name) for name in TEXTS}


@transaction.atomic
def save_draft(*, survey: Survey, texts: dict[str, str], based_on: int, by: User) -> ProjectPageVersion:
    """Store a new version of the page and return it; the same texts again make none.

    Raises TextRefused: a newer version was saved meanwhile. Nothing is stored.

    Parameters
    ----------
    texts
        All of `TEXTS`, by name.
    based_on
        The version that the texts are based on, 0 for none.
    """
    live = _locked(survey)
    newest = newest_version(survey)
    if newest is not None and newest.number != based_on:
        raise TextRefused(
            _(
                "%(who)s saved version %(version)d while you were writing. Your texts are below but not saved: see "
                "theirs under Versions, merge the two and save again."
            )
            % {"who": newest.created_by or _("Someone"), "version": newest.number}
        )
    if newest is not None and texts_of(newest) == texts:
        return newest
    return ProjectPageVersion.objects.create(survey=live, number=_next(newest), created_by=by, **texts)


@transaction.atomic
def publish(*, version: ProjectPageVersion, by: User) -> ProjectPageVersion:
    """Make a version's texts the live ones. An earlier version comes back as a new one; repeating it is safe."""
    live = _locked(version.survey)
    newest = newest_version(live) or version
    texts = texts_of(version)
    if newest.published_at is not None and texts_of(newest) == texts:
        return newest
    if newest.pk != version.pk:
        newest = ProjectPageVersion(survey=live, number=_next(newest), created_by=by, **texts)
    newest.published_at, newest.published_by = timezone.now(), by
    newest.save()
    Survey.objects.filter(pk=live.pk).update(**texts)
    return newest


def _locked(survey: Survey) -> Survey:
    """Lock the survey: two people save at once."""
    return Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)


def _next(newest: ProjectPageVersion | None) -> int:
    return newest.number + 1 if newest else 1
