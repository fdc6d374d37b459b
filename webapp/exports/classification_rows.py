"""Rows for exports, a page at a time in constant memory: classifications, queue entries, facts about subjects.

Every page is a query of its own, so an export holds no transaction open, however slowly somebody reads it.
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
from webapp.learning import test_sets
from webapp.learning.models import TestSet, TrainingSet
from webapp.learning.training_sets import curate, snapshot
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

PAGE = 1000

# The database writes moments as text: they leave as text, and to make them objects in between takes longer than all
# else together.
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

# Answers of one subject follow each other. The order is that of the index, so that a page costs the same anywhere.
AFTER = f"""
    {SELECT} AND answer.subject_id >= %(subject)s AND (answer.subject_id, answer.id) > (%(subject)s, %(id)s)
    ORDER BY answer.subject_id, answer.id LIMIT %(page)s
"""
OF_SUBJECTS = f"{SELECT} AND answer.subject_id = ANY(%(subjects)s) ORDER BY answer.subject_id, answer.id"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that counts, and whose it is. It weighs nothing while its volunteer is not trusted.

    Moments are text, `2025-01-21T16:08:41.123Z`; what it took is in seconds.
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


def answers(workflow: Workflow) -> Iterator[Sequence[Given]]:
    """Yield all answers that count: none that was taken back, and none that still may be."""
    subject, last = 0, UUID(int=0)
    while True:
        of = {"workflow": workflow.pk, "subject": subject, "id": last, "page": PAGE}
        page = [Given(*row) for row in fetch(AFTER, of)]
        if page:
            yield page
        if len(page) < PAGE:
            return
        subject, last = page[-1].subject, page[-1].id


def answers_of(workflow: Workflow, subjects: Sequence[int]) -> list[Given]:
    """Return the answers about some subjects that count."""
    return [Given(*row) for row in fetch(OF_SUBJECTS, {"workflow": workflow.pk, "subjects": list(subjects)})]


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
    """A subject, and what the votes on it come to, if there are any."""

    subject: Subject
    consensus: Consensus | None

    @property
    def size(self) -> tuple[int, int, int]:
        """Frames, width and height in pixels."""
        frames, _channels, height, width = shape_of(self.subject)
        return frames, width, height

    def metadata(self) -> dict[str, Any]:
        """Return the subject's metadata, with the id that its survey gave it."""
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
        """Return the address of each frame's picture; `address` is the site's, without a slash at its end."""
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
        """Return those of some subjects that the set holds."""
        asked = np.fromiter(subjects, np.int64, len(subjects))
        return set(asked[np.isin(asked, self.subjects)].tolist())


def training_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the sets that models of this workflow were trained on, the oldest first."""
    rows = TrainingSet.objects.filter(workflow=workflow).order_by("pk")
    return _frozen(curate.FOLDER, [row.hash for row in rows])


def test_sets_of(workflow: Workflow) -> list[FrozenSet]:
    """Return the sets that judge models about subjects of the workflow's kind, the oldest first."""
    rows = TestSet.objects.filter(survey=workflow.survey_id, kind=workflow.kind).order_by("pk")
    return _frozen(test_sets.FOLDER, [row.hash for row in rows])


def names_by_subject(sets: Collection[FrozenSet], subjects: Collection[int]) -> dict[int, str]:
    """Return by subject the names of the sets that hold it, with a semicolon between."""
    by_subject: dict[int, list[str]] = {}
    for each in sets:
        for subject in each.among(subjects):
            by_subject.setdefault(subject, []).append(each.name)
    return {subject: ";".join(names) for subject, names in by_subject.items()}


def _frozen(folder: str, hashes: Collection[str]) -> list[FrozenSet]:
    """Read the sets whose files are on this machine; one that was removed says nothing any more."""
    paths = {name: snapshot.path_of(folder, name) for name in dict.fromkeys(hashes)}
    return [
        FrozenSet(name[:SHORT], np.sort(pq.read_table(path, columns=["subject_id"])["subject_id"].to_numpy()))
        for name, path in paths.items()
        if path.exists()
    ]
