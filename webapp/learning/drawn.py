"""The lines that volunteers drew on a workflow's subjects, as a training set keeps them."""

from collections import defaultdict

from webapp.consensus.models import Skill
from webapp.volunteers.models import Mark, Workflow

Lines = tuple[tuple[float, ...], ...]
PLACE = ("frame", "x1", "y1", "x2", "y2")


def lines_of(workflow: Workflow) -> dict[int, Lines]:
    """Return (volunteer, frame, x1, y1, x2, y2) of every line that counts, by subject.

    Volunteers are numbered from 0 within each subject, so that nobody can be told from a training set. Answers that
    were taken back, or whose volunteer's votes weigh nothing, have no say here either.
    """
    found: dict[int, list[tuple[float, ...]]] = defaultdict(list)
    numbers: dict[int, dict[int, int]] = defaultdict(dict)
    flagged = Skill.objects.filter(workflow=workflow, is_trusted=False).values("volunteer")
    counted = Mark.objects.standing().filter(classification__workflow=workflow, classification__is_counted=True)
    rows = (
        counted.exclude(classification__volunteer__in=flagged)
        .order_by("classification__subject", "classification__created_at", "classification", "position")
        .values_list("classification__subject", "classification__volunteer", *PLACE)
    )
    for subject, volunteer, *place in rows.iterator(chunk_size=5000):
        number = numbers[subject].setdefault(volunteer, len(numbers[subject]))
        found[subject].append((float(number), *map(float, place)))
    return {subject: tuple(lines) for subject, lines in found.items()}
