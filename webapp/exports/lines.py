"""Export of the lines that volunteers drew, as `python -m ml train --role trail --marks` reads them."""

from collections.abc import Iterator, Sequence
from typing import Any

from webapp.archive.models import Subject
from webapp.classifications.models import Mark
from webapp.core.csv_writer import csv_parts
from webapp.exports.paging import Given, answers
from webapp.volunteers.pseudonyms import pseudonym
from webapp.workflows.models import Workflow

PLACE = ("frame", "x1", "y1", "x2", "y2", "ra1", "dec1", "ra2", "dec2")
COLUMNS = ("external_id", "volunteer", *PLACE)


def lines_export(workflow: Workflow) -> Iterator[bytes]:
    return csv_parts(COLUMNS, (_rows(page) for page in answers(workflow)))


def drawn(workflow: Workflow) -> int:
    """Return how many lines belong to answers that count and weigh."""
    counted = Mark.objects.standing().filter(classification__workflow=workflow, classification__is_counted=True)
    return counted.filter(classification__evidence__isnull=False).count()


def _rows(page: Sequence[Given]) -> Iterator[Sequence[Any]]:
    given = {each.id: each for each in page if each.weighs}
    marks = Mark.objects.filter(classification__in=given)
    ordered = marks.order_by("classification__subject", "classification", "position")
    rows = list(ordered.values_list("classification", *PLACE))
    subjects = Subject.objects.filter(pk__in={given[answer].subject for answer, *_ in rows})
    names = dict(subjects.values_list("pk", "external_id"))
    for answer, *place in rows:
        by = given[answer]
        yield names[by.subject], pseudonym(by.volunteer, by.has_account).user_name, *place
