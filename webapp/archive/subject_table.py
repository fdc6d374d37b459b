"""The archive's search as a table: a column for each value that the search sorts by, with a link that sorts by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject
from webapp.archive.sorted_values import time_in_words
from webapp.archive.subject_orders import RELATED, ordered
from webapp.core.figure_table import Column, fixed
from webapp.core.keyset_pagination import query_with

COLUMNS = (
    Column("name", _("Name")),
    Column("mjd", _("Time (UTC)"), time_in_words),
    Column("rate", _("Given rate, ″/h"), fixed(2)),
    Column("fitted_rate", _("Fitted rate, ″/h"), fixed(2)),
    Column("mag", _("Magnitude"), fixed(2)),
    Column("p_real", _("Model’s score"), fixed(3)),
    Column("posterior", _("Volunteers’ posterior"), fixed(3)),
)
ASCENDING_FIRST = ("name", "mag")
"""Columns that a first click sorts upward: names from A, the brightest magnitude. The others start with the largest."""


@dataclass(frozen=True)
class Heading:
    """A column's heading: its title, the query that sorts by it, and how the table is sorted by it already, if so."""

    title: str | Promise
    query: str
    direction: str
    is_number: bool


@dataclass(frozen=True)
class SubjectTable:
    headings: list[Heading]
    columns: Sequence[Column]

    def fill(self, rows: Sequence[Any], workflow: Any) -> None:
        """Give each subject the texts of its `cells` after the name; “–” is unknown."""
        columns = self.columns[1:]
        scores = {each.name: _values(rows, each.name, workflow) for each in columns if each.name in RELATED}
        for row in rows:
            values = (
                scores[each.name].get(row.pk) if each.name in scores else getattr(row, each.name) for each in columns
            )
            row.cells = [
                "–" if value is None else each.show(value) for each, value in zip(columns, values, strict=True)
            ]


def table_for(asked: QueryDict, sort: str, *, is_of_several: bool) -> SubjectTable:
    """Return the table of a search; scores and posteriors are one survey's, so that a search of several has none."""
    columns = [each for each in COLUMNS if not (is_of_several and each.name in RELATED)]
    return SubjectTable([_heading(each, asked, sort) for each in columns], columns)


def _heading(column: Column, asked: QueryDict, sort: str) -> Heading:
    name = column.name
    direction = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    is_upward = direction == "descending" if direction else name in ASCENDING_FIRST
    query = query_with(asked, sort=name if is_upward else f"-{name}")
    return Heading(column.title, query, direction, column.is_number)


def _values(rows: Sequence[Any], name: str, workflow: Any) -> dict[int, float]:
    """Return the subjects' values in a column of another table, by key; none without the model or votes for it."""
    order = ordered(Subject.objects.filter(pk__in=[row.pk for row in rows]), name, workflow)
    return dict(order.rows.values_list("pk", order.by)) if order.has_values else {}
