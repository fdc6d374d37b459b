"""How posteriors and agreement are spread over the subjects that are looked for, from one reading of the table."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import pairwise

from django.db.models import BooleanField, Case, Count, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Floor, Least

from webapp.consensus.models import Consensus
from webapp.core.cached_figures import kept
from webapp.review.consensus_browser import Wanted
from webapp.workflows.models import Workflow

POSTERIOR_BINS = 20
AGREEMENT_BINS = 10


@dataclass(frozen=True)
class Bin:
    """How many subjects lie from `low` up to, but not including, `high`; the last bin includes 1."""

    low: float
    high: float
    n: int
    is_wanted: bool


@dataclass(frozen=True)
class Histograms:
    """Each range counts the subjects that every other filter lets through, so that one sees what it leaves out."""

    posterior: list[Bin]
    agreement: list[Bin]
    total: int


def recent_histograms(workflow: Workflow, rows: QuerySet[Consensus], wanted: Wanted) -> Histograms:
    """Return `histograms`, or those of a while ago: turning a page or sorting it counts nothing again."""
    key = f"histograms-{workflow.pk}-{blake2b(repr(wanted).encode(), digest_size=12).hexdigest()}"
    return kept(key, partial(histograms, rows, wanted))


def histograms(rows: QuerySet[Consensus], wanted: Wanted) -> Histograms:
    """Count rows, which the filters but the two ranges let through already, by posterior and by agreement."""
    counted = (
        rows.annotate(
            p_bin=_bin("posterior", POSTERIOR_BINS),
            a_bin=_bin("agreement", AGREEMENT_BINS),
            in_p=_flag(wanted.posteriors()),
            in_a=_flag(wanted.agreements()),
        )
        .order_by()
        .values_list("p_bin", "a_bin", "in_p", "in_a")
        .annotate(n=Count("*"))
    )
    posteriors: Counter[int] = Counter()
    agreements: Counter[int] = Counter()
    total = 0
    for p_bin, a_bin, in_p, in_a, n in counted:
        posteriors[p_bin] += n * in_a
        agreements[a_bin] += n * in_p
        total += n * (in_p and in_a)
    return Histograms(
        _bins(posteriors, POSTERIOR_BINS, wanted.p_min, wanted.p_max),
        _bins(agreements, AGREEMENT_BINS, wanted.agree_min, wanted.agree_max),
        total,
    )


def _bin(name: str, bins: int) -> Cast:
    return Cast(Least(Floor(F(name) * bins), Value(float(bins - 1))), IntegerField())


def _flag(asked: Q) -> Case | Value:
    if not asked:
        return Value(True, output_field=BooleanField())
    return Case(When(asked, then=Value(True)), default=Value(False), output_field=BooleanField())


def _bins(counts: Counter[int], bins: int, low: float | None, high: float | None) -> list[Bin]:
    edges = [place / bins for place in range(bins + 1)]
    first, last = (0.0 if low is None else low), (1.0 if high is None else high)
    return [
        Bin(left, right, counts[place], first < right and left < last)
        for place, (left, right) in enumerate(pairwise(edges))
    ]
