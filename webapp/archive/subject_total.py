"""How many subjects a search finds: up to a thousand, or exactly on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

from django.db.models import QuerySet
from django.http import QueryDict

from webapp.archive.models import Subject, Survey
from webapp.core.bounded_count import MOST_COUNTED, count_in_time, count_some
from webapp.core.cached_figures import cached_figure

ASKS = "total"
NO_FILTERS = ("after", "before", "sort", "view", ASKS)


@dataclass(frozen=True)
class Total:
    """A number of subjects: all, or if there `is_more`, a lower bound, perhaps since counting all `took_too_long`."""

    n: int
    is_more: bool = False
    took_too_long: bool = False


def total_of(surveys: Sequence[Survey], rows: QuerySet[Subject], asked: QueryDict) -> Total:
    """Count up to `MOST_COUNTED` subjects, or with `total=true` in the address all of them, if that ends in time.

    An exact total is cached, so that paging and sorting don't count again.
    """
    some = count_some(rows, MOST_COUNTED)
    if some <= MOST_COUNTED:
        return Total(some)
    if asked.get(ASKS) != "true":
        return Total(MOST_COUNTED, is_more=True)
    exact = cached_figure(_key(surveys, asked), partial(count_in_time, rows))
    return Total(MOST_COUNTED, is_more=True, took_too_long=True) if exact is None else Total(exact)


def _key(surveys: Sequence[Survey], asked: QueryDict) -> str:
    filters = sorted((name, values) for name, values in asked.lists() if name not in NO_FILTERS)
    searched = repr(([survey.pk for survey in surveys], filters))
    return f"archive-total-{blake2b(searched.encode(errors='replace'), digest_size=12).hexdigest()}"


def asking_for_all(asked: QueryDict) -> str:
    """Return the query string of the same page with the exact total."""
    query = asked.copy()
    query[ASKS] = "true"
    return query.urlencode()
