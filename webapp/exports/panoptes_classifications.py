"""Panoptes classification export."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

from webapp.classifications.models import Mark, Reason
from webapp.core.csv_writer import csv_parts
from webapp.exports.paging import Given, answers
from webapp.exports.panoptes_workflow import VERSION, annotations
from webapp.exports.subject_facts import Facts, facts_of
from webapp.volunteers.pseudonyms import pseudonym
from webapp.workflows.models import Workflow


def classification_number(pk: UUID) -> int:
    """Return 63 bits that belong to this id on every site.

    Two of a million ids share them with a chance of one in ten million.
    """
    return int.from_bytes(blake2b(pk.bytes, digest_size=8).digest(), "big") >> 1


COLUMNS = (
    "classification_id", "user_name", "user_id", "user_ip", "workflow_id", "workflow_name", "workflow_version",
    "created_at", "gold_standard", "expert", "metadata", "annotations", "subject_data", "subject_ids",
)  # fmt: skip


def classification_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(COLUMNS, (_rows(workflow, page) for page in answers(workflow)))


def _rows(workflow: Workflow, page: Sequence[Given]) -> Iterator[Sequence[Any]]:
    facts = facts_of(workflow, {given.subject for given in page})
    known = {pk: (subject_data(each), each.size) for pk, each in facts.items()}
    marks = marks_of(workflow, [given.id for given in page])
    about = workflow.pk, workflow.name, "{}.{}".format(*VERSION)
    for given in page:
        who = pseudonym(given.volunteer, given.has_account)
        said, size = known[given.subject]
        yield (
            classification_number(given.id),
            who.user_name,
            who.user_id,
            who.user_ip,
            *about,
            f"{given.created_at[:10]} {given.created_at[11:19]} UTC",
            "",
            "",
            _metadata(given, size),
            annotations(workflow, given.answer, given.follow_up, marks.get(given.id, ()), size[2]),
            said,
            given.subject,
        )


def subject_data(facts: Facts) -> str:
    """Return what Panoptes says of a subject beside each classification: how it was retired, and its metadata."""
    return json.dumps({str(facts.subject.pk): {"retired": facts.retired(), **facts.metadata()}}, ensure_ascii=False)


def marks_of(workflow: Workflow, given: Iterable[UUID]) -> dict[UUID, list[Mark]]:
    """Return the lines of some answers, in the order in which they were drawn."""
    drawn: dict[UUID, list[Mark]] = defaultdict(list)
    if workflow.line_marking:
        for mark in Mark.objects.filter(classification__in=list(given)).order_by("classification", "position"):
            drawn[mark.classification_id].append(mark)
    return drawn


def _metadata(given: Given, size: tuple[int, int, int]) -> str:
    said: dict[str, Any] = {
        "source": "wanderers",
        "viewport": _viewport(given.viewport),
        "started_at": given.started_at,
        "finished_at": given.finished_at,
        "live_project": True,
        "classifier_version": "2.0",
        "device": given.device,
        "frames_seen": given.frames_seen,
        "training": given.reason == Reason.TRAINING,
        "weighs": given.weighs,
    }
    known = {name: value for name, value in said.items() if value not in (None, "")}
    return f'{json.dumps(known)[:-1]}, "subject_dimensions": {_dimensions(*size)}}}'


@lru_cache(1000)
def _viewport(text: str) -> dict[str, int] | None:
    width, _, height = text.partition("x")
    return {"width": int(width), "height": int(height)} if width.isdecimal() and height.isdecimal() else None


@lru_cache(1000)
def _dimensions(frames: int, width: int, height: int) -> str:
    return json.dumps([{"naturalWidth": width, "naturalHeight": height}] * frames)
