"""Lock a row that somebody may have deleted a moment before."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404

Row = TypeVar("Row", bound=Model)


def locked_or_404(rows: QuerySet[Row], pk: int) -> Row:
    """Return a row, locked until the transaction ends; raises Http404: it was deleted while this waited."""
    return get_object_or_404(rows.select_for_update(no_key=True, of=("self",)), pk=pk)
