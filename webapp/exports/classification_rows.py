"""Rows for exports, a page at a time in constant memory: classifications, queue entries, facts about subjects.

Every page is a separate query, so a slow download holds no transaction open.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow.parquet as pq
from django.urls import reverse

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.consensus.models import Consensus
from webapp.core.csv_writer import instant
from webapp.core.sql import fetch
from webapp.learning import label_snapshot, test_sets, training_sets
from webapp.learning.models import TestSet, TrainingSet
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

PAGE = 1000

# The database formats times as text, since they are exported as text, and converting them to objects would take
# longer than everything else.
ISO = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
SELECT = f"""
    SELECT answer.id, answer.subject_id, volunteer.key, volunteer.user_id IS NOT NULL, answer.answer,
        answer.follow_up, answer.reason, {ISO.format("answer.started_at")}, {ISO.format("answer.finished_at")},
        {ISO.format("answer.created_at")}, extract(epoch FROM answer.finished_at - answer.started_at)::float8,
        answer.device, answer.viewport, answer.frames_seen, answer.log_odds_micronats IS NOT NULL
    FROM classifications_classification AS answer
    JOIN volunteers_volunteer AS volunteer ON volunteer.id = answer.volunteer_id
    WHERE answer.workflow_id = %(workflow)s AND answer.withdrawn_at IS NULL AND answer.is_counted
"""  # noqa: S608  # constants

# Grouped by subject, in the order of the index, so that every page costs the same.
AFTER = f"""
    {SELECT} AND answer.subject_id >= %(subject)s AND (answer.subject_id, answer.id) > (%(subject)s, %(id)s)
    ORDER BY answer.subject_id, answer.id LIMIT %(page)s
"""
OF_SUBJECTS = f"{SELECT} AND answer.subject_id = ANY(%(subjects)s) ORDER BY answer.subject_id, answer.id"


@dataclass(frozen=True, slots=True)
class CountedAnswer:
    """A counted answer with its volunteer; without weight while its volunteer is not trusted.

    Times are text, `2025-01-21T16:08:41.123Z`; durations are in seconds.
    """

    id: UUID
    subject: int
    volunteer: UUID
    has_account: bool
    answer: str
    follow_up: str
    reason: str
    started_at: str | None
    finished_at: str | None
    created_at: str
    took: float | None
    device: str
    viewport: str
    frames_seen: int | None
    weighs: bool


def answers(workflow: Workflow) -> Iterator[Sequence[CountedAnswer]]:
    """Yield all counted answers, without withdrawn and still undoable ones."""
    subject, last = 0, UUID(int=0)
    while True:
        of = {"workflow": workflow.pk, "subject": subject, "id": last, "page": PAGE}
        page = [CountedAnswer(*row) for row in fetch(AFTER, of)]
        if page:
            yield page
        if len(page) < PAGE:
            return
        subject, last = page[-1].subject, page[-1].id


def answers_of(workflow: Workflow, subjects: Sequence[int]) -> list[CountedAnswer]:
    """Return the counted answers to some subjects."""
    return [CountedAnswer(*row) for row in fetch(OF_SUBJECTS, {"workflow": workflow.pk, "subjects": list(subjects)})]


def queued(workflow: Workflow) -> Iterator[Sequence[int]]:
    """Yield the subjects of the workflow's queue."""
    after = 0
    while True:
        entries = QueueEntry.objects.filter(workflow=workflow, subject__gt=after).order_by("subject")
        page = list(entries.values_list("subject", flat=True)[:PAGE])
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1]


@dataclass(frozen=True, slots=True)
class Facts:
    """A subject with its consensus, if it has votes."""

    subject: Subject
    consensus: Consensus | None

    @property
    def size(self) -> tuple[int, int, int]:
        """Frames, width and height in pixels."""
        frames, _channels, height, width = shape_of(self.subject)
        return frames, width, height

    def metadata(self) -> dict[str, Any]:
        """Return the subject's metadata, including its external id."""
        drawn = {"#synthetic": True} if self.subject.is_synthetic else {}
        return {**self.subject.metadata, "external_id": self.subject.external_id, **drawn}

    def retired(self) -> dict[str, Any] | None:
        """Return how the subject was retired, in Panoptes' words; None while it is open."""
        row = self.consensus
        if row is None or not row.is_retired:
            return None
        return {
            "id": row.pk,
            "workflow_id": row.workflow_id,
            "classifications_count": row.votes,
            "created_at": instant(self.subject.created_at),
            "updated_at": instant(row.updated_at),
            "retired_at": instant(row.retired_at),
            "subject_id": row.subject_id,
            "retirement_reason": row.retired_reason,
        }

    def pictures(self, address: str) -> list[str]:
        """Return the URL of each frame's picture; `address` is the site's, without a trailing slash."""
        path = reverse("picture", args=[self.subject.pk, self.subject.checksum])
        return [f"{address}{path}?frame={frame}" for frame in range(self.size[0])]


def facts_of(workflow: Workflow, subjects: Collection[int]) -> dict[int, Facts]:
    """Return the facts of some subjects, in two queries."""
    summed = {row.subject_id: row for row in Consensus.objects.filter(workflow=workflow, subject__in=subjects)}
    return {pk: Facts(subject, summed.get(pk)) for pk, subject in Subject.objects.in_bulk(list(subjects)).items()}


SHORT = 10


@dataclass(frozen=True, slots=True)
class FrozenSet:
    """The subjects of one set, 8 bytes each, in ascending order."""

    name: str
    subjects: np.ndarray

    def among(self, subjects: Collection[int]) -> set[int]:
        """Return which of some subjects are in the set."""
        asked = np.fromiter(subjects, np.int64, len(subjects))
        return set(asked[np.isin(asked, self.subjects)].tolist())


def training_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the sets that models of this workflow were trained on, oldest first."""
    rows = TrainingSet.objects.filter(workflow=workflow).order_by("pk")
    return _frozen(training_sets.FOLDER, [row.hash for row in rows])


def test_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the test sets for the workflow's kind of subjects, oldest first."""
    rows = TestSet.objects.filter(survey=workflow.survey_id, kind=workflow.kind).order_by("pk")
    return _frozen(test_sets.FOLDER, [row.hash for row in rows])


def names_by_subject(sets: Collection[FrozenSet], subjects: Collection[int]) -> dict[int, str]:
    """Return by subject the names of the sets that contain it, separated by semicolons."""
    by_subject: dict[int, list[str]] = {}
    for each in sets:
        for subject in each.among(subjects):
            by_subject.setdefault(subject, []).append(each.name)
    return {subject: ";".join(names) for subject, names in by_subject.items()}


def _frozen(folder: str, hashes: Collection[str]) -> list[FrozenSet]:
    """Read the sets whose files are on this machine; a deleted one is ignored."""
    paths = {name: label_snapshot.path_of(folder, name) for name in dict.fromkeys(hashes)}
    return [
        FrozenSet(name[:SHORT], np.sort(pq.read_table(path, columns=["subject_id"])["subject_id"].to_numpy()))
        for name, path in paths.items()
        if path.exists()
    ]
