"""The consensus of a workflow's subjects: filtered, sorted, as rows for CSV, and as histograms."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from hashlib import blake2b
from itertools import pairwise
from operator import or_
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Floor, Least

from ml.crowd.answer import Answer
from webapp.archive.models import Subject
from webapp.archive.subject_search import with_parts_of
from webapp.archive.verdict_blinding import hides_verdict
from webapp.consensus.models import AGREEMENT, GAP, UNDECIDED_SHARE, VOTE_COLUMNS, VOTES, Consensus, RetiredReason
from webapp.core.cached_figures import cached_figure
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, Score
from webapp.learning.scores import champions_opinions
from webapp.review.models import Ruling
from webapp.workflows.models import Workflow

SORTS = ("posterior", "votes", "agreement", "undecided", "updated", "name", "gap")
COLUMN = {"votes": "votes_all", "undecided": "undecided_share", "updated": "updated_at", "name": "subject__external_id"}
FEW_NAMES = 5000


@dataclass(frozen=True, kw_only=True)
class ConsensusFilter:
    """Filters. A range includes its lower end but not its upper one, except that 1 is included; None is no limit."""

    p_min: float | None = None
    p_max: float | None = None
    votes_min: int | None = None
    votes_max: int | None = None
    agree_min: float | None = None
    agree_max: float | None = None
    undecided_min: float | None = None
    undecided_max: float | None = None
    gap_min: float | None = None
    state: str = ""
    answer: str = ""
    truth: str = ""
    follow_up: str = ""
    text: str = ""

    def ranges(self) -> Q:
        return self.posteriors() & self.agreements()

    def posteriors(self) -> Q:
        return _between("posterior", self.p_min, self.p_max)

    def agreements(self) -> Q:
        return _between("agreement", self.agree_min, self.agree_max)


def summed(workflow: Workflow) -> QuerySet[Consensus]:
    """Return a workflow's consensus rows, each with `votes_all`, `agreement`, `undecided_share` and `gap`."""
    return Consensus.objects.filter(workflow=workflow).annotate(
        votes_all=VOTES, agreement=AGREEMENT, undecided_share=UNDECIDED_SHARE, gap=GAP
    )


def with_rulings(rows: QuerySet[Consensus], workflow: Workflow) -> QuerySet[Consensus]:
    """Add the standing `verdict` on each subject, None without one, and the subject itself."""
    standing = Q(subject__rulings__workflow=workflow, subject__rulings__withdrawn_at=None)
    ruling = FilteredRelation("subject__rulings", condition=standing)
    return rows.alias(ruling=ruling).annotate(verdict=F("ruling__verdict")).select_related("subject")


def with_model(rows: QuerySet[Consensus], workflow: Workflow) -> QuerySet[Consensus]:
    """Add the key of the `model` that a row's score is of: the champion, or an earlier one until that has scored it.

    None without a score, and where the scores of the earlier one are deleted.
    """
    ever = Q(is_champion=True) | Q(promotions__isnull=False)
    champions = Checkpoint.objects.filter(ever, survey=workflow.survey_id, role=role_of(workflow))
    same = Score.objects.filter(subject=OuterRef("subject"), p_real=OuterRef("p_model"), checkpoint__in=champions)
    newest_first = same.order_by("-checkpoint__is_champion", "-checkpoint")
    return rows.annotate(model=Subquery(newest_first.values("checkpoint")[:1]))


def models_of(workflow: Workflow, rows: Sequence[Consensus]) -> dict[int, int]:
    """Return the key of the model by subject, as `with_model`; of unsaved rows, whose score is the champion's."""
    known, unsaved = [row.pk for row in rows if row.pk], [row.subject_id for row in rows if not row.pk]
    stored: QuerySet[Any] = with_model(Consensus.objects.filter(pk__in=known), workflow)
    models = dict(stored.values_list("subject", "model"))
    champions = champions_opinions(workflow, unsaved) if unsaved else {}
    return models | {subject: opinion.model for subject, opinion in champions.items()}


def browse(workflow: Workflow, rows: QuerySet[Consensus], wanted: ConsensusFilter) -> QuerySet[Consensus]:
    """Return those of a workflow's `summed` rows that match the filters, except posterior and agreement."""
    asked = _between("votes_all", wanted.votes_min, wanted.votes_max, includes_top=True)
    asked &= _between("undecided_share", wanted.undecided_min, wanted.undecided_max)
    asked &= _state(wanted.state) & _answer(wanted.answer) & _truth(wanted.truth)
    if wanted.gap_min is not None:
        asked &= Q(gap__gte=wanted.gap_min)
    if wanted.follow_up:
        asked &= Q(follow_ups__has_key=wanted.follow_up)
    if wanted.text:
        asked &= _named(workflow, wanted.text)
    return rows.filter(asked)


def _named(workflow: Workflow, text: str) -> Q:
    """Filter by part of a name: by their subjects if there are few.

    The planner cannot know how few, and would search along the index of the order, through the whole table.
    """
    subjects = Subject.objects.filter(with_parts_of(text), survey=workflow.survey_id, external_id__icontains=text)
    few = list(subjects.values_list("pk", flat=True)[: FEW_NAMES + 1])
    return Q(subject__in=few) if len(few) <= FEW_NAMES else Q(subject__external_id__icontains=text)


def _between(name: str, low: float | None, high: float | None, *, includes_top: bool = False) -> Q:
    inside = Q() if low is None else Q(**{f"{name}__gte": low})
    if high is None or (high >= 1 and not includes_top):
        return inside
    return inside & Q(**{f"{name}__{'lte' if includes_top else 'lt'}": high})


def _state(state: str) -> Q:
    if state in RetiredReason.values:
        return Q(is_retired=True, retired_reason=state)
    return Q(is_retired=state == "retired") if state else Q()


def _answer(answer: str) -> Q:
    """Filter by the most common answer; two in first place are a tie."""
    if answer == "tie":
        return ~reduce(or_, map(_answer, Answer)) & Q(votes_all__gt=0)
    if not answer:
        return Q()
    others = [name for each, name in VOTE_COLUMNS.items() if each != answer]
    return Q(*((f"{VOTE_COLUMNS[answer]}__gt", F(name)) for name in others))


def _truth(truth: str) -> Q:
    if truth in ("gold", "unknown"):
        is_unknown = Q(subject__gold_label="")
        return is_unknown if truth == "unknown" else ~is_unknown
    if not truth:
        return Q()
    standing = Ruling.objects.filter(workflow=OuterRef("workflow"), subject=OuterRef("subject"), withdrawn_at=None)
    return Q(Exists(standing)) if truth == "ruled" else ~Q(Exists(standing))


CHUNK = 5000
COLUMNS = {
    "external_id": "subject__external_id",
    "subject_id": "subject_id",
    "ra_deg": "subject__ra",
    "dec_deg": "subject__dec",
    **{name: name for name in VOTE_COLUMNS.values()},
    "votes": "votes_all",
    "agreement": "agreement",
    "unsure_share": "undecided_share",
    "posterior": "posterior",
    "method": "method",
    "version": "version",
    "is_retired": "is_retired",
    "retired_reason": "retired_reason",
    "retired_at_utc": "retired_at",
    "follow_ups": "follow_ups",
    "gold_label": "subject__gold_label",
    "verdict": "verdict",
    "p_model": "p_model",
    "model": "model",
    "updated_at_utc": "updated_at",
}
CSV_COLUMNS = tuple(COLUMNS)
OF_VERDICT = ("gold_label", "verdict")


def consensus_rows(rows: QuerySet[Consensus], reader: Any) -> Iterator[list[Any]]:
    """Yield each row's values in the order of `CSV_COLUMNS`; rows need `with_rulings` and `with_model`.

    A verdict that is hidden from the reader is left out, and its class.
    """
    told = rows.annotate(hides=hides_verdict(reader)).values_list(*COLUMNS.values(), "hides")
    for *values, hides in told.iterator(chunk_size=CHUNK):
        hidden = OF_VERDICT if hides else ()
        yield [None if name in hidden else _plain(value) for name, value in zip(COLUMNS, values, strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return ";".join(f"{name}:{n}" for name, n in value.items())
    return value


POSTERIOR_BINS = 20
AGREEMENT_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Number of subjects from `low` up to, but not including, `high`; the last bin includes 1."""

    low: float
    high: float
    n: int
    is_wanted: bool


@dataclass(frozen=True)
class Histograms:
    """Histograms of the ranges, each ignoring its own filter, so that excluded subjects remain visible."""

    posterior: list[Bin]
    agreement: list[Bin]
    total: int


def recent_histograms(workflow: Workflow, rows: QuerySet[Consensus], wanted: ConsensusFilter) -> Histograms:
    """Return cached `histograms`, so that paging and sorting don't count again."""
    key = f"histograms-{workflow.pk}-{blake2b(repr(wanted).encode(), digest_size=12).hexdigest()}"
    return cached_figure(key, partial(histograms, rows, wanted))


def histograms(rows: QuerySet[Consensus], wanted: ConsensusFilter) -> Histograms:
    """Count rows by posterior and by agreement, applying each range filter to the other histogram."""
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
