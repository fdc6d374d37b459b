"""Orders of the archive's subjects: by their own columns, by the champion's score, and by the volunteers' posterior."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject

SORTS = {
    "": ("pk", _("oldest first")),
    "-id": ("-pk", _("newest first")),
    "name": ("external_id", _("name")),
    "-name": ("-external_id", _("name, reversed")),
    "mjd": ("mjd", _("time")),
    "-mjd": ("-mjd", _("time, latest first")),
    "rate": ("rate", _("given rate")),
    "-rate": ("-rate", _("given rate, fastest first")),
    "fitted_rate": ("fitted_rate", _("fitted rate")),
    "-fitted_rate": ("-fitted_rate", _("fitted rate, fastest first")),
    "mag": ("mag", _("magnitude, brightest first")),
    "-mag": ("-mag", _("magnitude, faintest first")),
    "p_real": ("p_real", _("model’s score")),
    "-p_real": ("-p_real", _("model’s score, highest first")),
    "posterior": ("posterior", _("volunteers’ posterior")),
    "-posterior": ("-posterior", _("volunteers’ posterior, highest first")),
}
KIND: dict[str, type] = {"pk": int, "external_id": str}  # sort columns that are not numbers with a fraction


@dataclass(frozen=True)
class Order:
    """Rows to page through with `page_of`, which takes the other fields.

    `by` and `key` are the columns of the value and of what breaks ties; `unset` finds the rows without a value. `model`
    is the key of the model whose scores are the values.
    """

    rows: QuerySet[Subject]
    by: str
    key: str = "pk"
    unset: Q | None = None
    model: int | None = None

    @property
    def kind(self) -> type:
        """Return the type of the values."""
        return KIND.get(self.by.removeprefix("-"), float)

    @property
    def has_values(self) -> bool:
        """Return whether it sorts by a value: not where a model or votes to sort by are missing."""
        return self.by.removeprefix("-") not in KIND

    def with_values(self, keys: list[int]) -> list[Subject]:
        """Return the subjects of these keys, in their order, each with the value that it is sorted by: `sorted_by`."""
        found = self.rows.annotate(sorted_by=F(self.by.removeprefix("-"))).in_bulk(keys)
        return [found[pk] for pk in keys if pk in found]


def ordered(rows: QuerySet[Subject], sort: str, workflow: Any) -> Order:
    """Return the order of a survey's subjects for one of `SORTS`.

    Parameters
    ----------
    workflow
        Whose posteriors, and whose champion's scores; where there is none, subjects come in the order of their keys.
    """
    sign, column = ("-" if sort.startswith("-") else ""), SORTS[sort][0].removeprefix("-")
    if column in RELATED:
        return RELATED[column](rows, sign, workflow)
    return Order(rows, sign + column, unset=None if column in KIND else Q(**{f"{column}__isnull": True}))


def _by_score(rows: QuerySet[Subject], sign: str, workflow: Any) -> Order:
    champions = workflow.survey.checkpoints.filter(is_champion=True) if workflow else ()
    champion = next((each for each in champions if each.kind == workflow.kind), None)
    if champion is None:
        return Order(rows, f"{sign}pk")
    scored = FilteredRelation("scores", condition=Q(scores__checkpoint=champion))
    unset = Q(scored__subject__isnull=True)
    return Order(rows.alias(scored=scored), f"{sign}scored__p_real", unset=unset, model=champion.pk)


def _by_posterior(rows: QuerySet[Subject], sign: str, workflow: Any) -> Order:
    if workflow is None:
        return Order(rows, f"{sign}pk")
    voted = FilteredRelation("consensus", condition=Q(consensus__workflow=workflow))
    return Order(rows.alias(voted=voted), f"{sign}voted__posterior", "voted__id", Q(voted__subject__isnull=True))


RELATED: dict[str, Callable[[QuerySet[Subject], str, Any], Order]] = {"p_real": _by_score, "posterior": _by_posterior}
