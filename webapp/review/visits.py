"""What changed in a survey since a scientist's previous visit to its overview."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.archive.models import Survey
from webapp.core.cached_figures import cached_figure
from webapp.known_objects.unidentified import unidentified
from webapp.learning.models import Checkpoint, ModelRole
from webapp.queue.counts import figures_of
from webapp.review.models import OverviewVisit, Ruling

ONE_VISIT = timedelta(hours=1)
"""Pages opened within this time of the last belong to the same visit."""

COUNTS: dict[str, tuple[Promise, str]] = {
    "subjects": (gettext_lazy("Subjects in the archive"), "subjects"),
    "answers": (gettext_lazy("Classifications"), "consensus"),
    "settled": (gettext_lazy("Retired subjects"), "consensus"),
    "verdicts": (gettext_lazy("Verdicts"), "review"),
    "found": (gettext_lazy("Movers confirmed"), "known-objects"),
    "unidentified": (gettext_lazy("Unidentified movers"), "known-objects"),
}


@dataclass(frozen=True)
class Change:
    """A figure at the previous visit and now, and the page that explains it."""

    name: str | Promise
    address: str
    before: int | str
    now: int | str


@dataclass(frozen=True)
class Changes:
    """The figures that changed since the end of the previous visit."""

    since: datetime
    rows: list[Change]


def note_visit(survey: Survey, reader: User) -> Changes | None:
    """Record that a scientist reads the overview; return what changed since the previous visit, None at the first.

    The caller must check the permission. Reloading keeps the comparison: a visit ends an hour after its last page.
    """
    now, figures = timezone.now(), _figures(survey)
    with transaction.atomic():
        visits = OverviewVisit.objects.select_for_update()
        row, is_first = visits.get_or_create(user=reader, survey=survey, defaults={"figures": figures, "seen_at": now})
        if is_first:
            return None
        if now - row.seen_at > ONE_VISIT:
            row.before, row.before_at = row.figures, row.seen_at
        row.figures, row.seen_at = figures, now
        row.save()
    return Changes(row.before_at, list(_changes(survey, row.before, figures))) if row.before_at else None


def _figures(survey: Survey) -> dict[str, Any]:
    """Return the counts, and by role the champion's number and AUC."""
    counts = figures_of(survey)
    return {
        **{name: counts[name] for name in ("subjects", "answers", "settled", "found")},
        "verdicts": Ruling.objects.filter(workflow__survey=survey, withdrawn_at=None).count(),
        "unidentified": cached_figure(f"unidentified-{survey.pk}", partial(_unidentified, survey)),
        "champions": {each.role: [each.pk, _auc(each)] for each in _champions(survey)},
    }


def _unidentified(survey: Survey) -> int:
    return unidentified(survey).count()


def _champions(survey: Survey) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(survey=survey, is_champion=True).order_by("role")


def _auc(champion: Checkpoint) -> float | None:
    newest = champion.evaluations.values_list("metrics__roc_auc", flat=True).first()
    return None if newest is None else round(newest, 3)


def _changes(survey: Survey, before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    for name, (title, page) in COUNTS.items():
        if name in before and before[name] != now[name]:  # an earlier version of the site counted less
            yield Change(title, reverse(page, args=[survey.slug]), before[name], now[name])
    models = reverse("learning", args=[survey.slug])
    for role in sorted({*before["champions"], *now["champions"]}):
        earlier, champion = before["champions"].get(role), now["champions"].get(role)
        if earlier != champion:
            yield Change(ModelRole(role).label, models, _shown(earlier), _shown(champion))


def _shown(champion: list[Any] | None) -> str:
    """Return a champion's number and AUC in words; a dash for none."""
    if champion is None:
        return "–"
    number, auc = champion
    name = _("model %(number)s") % {"number": number}
    return name if auc is None else f"{name}, AUC {auc:.3f}"
