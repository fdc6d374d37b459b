"""Look into a file before anything is brought in: what it holds, and what its labels probably mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from webapp.archive.models import Subject
from webapp.review.intake.guess import guess_answers
from webapp.review.intake.read import format_of, read
from webapp.review.intake.record import METADATA, SUBJECT, BadFile, Broken, Record
from webapp.volunteers.models import Workflow

ROWS = 20_000
VALUES = 1000
LABELS = 60


@dataclass
class Look:
    """What the first rows of a file hold.

    Attributes
    ----------
    labels
        By task, how often each label was given.
    lines
        By task, how many lines were drawn.
    keys
        By what may tell a subject: how many of the different values seen are external ids of the survey, and how many
        were seen.
    """

    format: str
    rows: int = 0
    broken: int = 0
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lines: Counter[str] = field(default_factory=Counter)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def match(self) -> str:
        """What tells most subjects; the file's own id of them where nothing tells any."""
        return max(self.keys, key=lambda key: self.keys[key][0], default=SUBJECT)

    @property
    def task(self) -> str:
        """The task that is most probably the question: the first whose labels say yes or no, else the most given."""
        sure = [task for task, labels in self.labels.items() if {"yes", "no"} <= set(guess_answers(labels).values())]
        most = sorted(self.labels, key=lambda task: -self.labels[task].total())
        return next(iter([*sure, *most]), "")

    @property
    def lines_task(self) -> str:
        return next((task for task, _ in self.lines.most_common(1)), "")


def look(path: Path, workflow: Workflow) -> Look:
    """Read the first rows of a file; raises BadFile where it cannot be used."""
    found = Look(format_of(path))
    values: dict[str, set[str]] = defaultdict(set)
    for row in islice(read(path), ROWS):
        found.rows += 1
        if isinstance(row, Broken):
            found.broken += 1
        else:
            _count(found, row, values)
    if not found.rows:
        raise BadFile(f"{path.name} holds no answer.")
    if not found.labels:
        raise BadFile(f"{path.name} holds no label that could be an answer.")
    found.keys = {key: (_known(workflow, seen), len(seen)) for key, seen in values.items()}
    return found


def _count(found: Look, record: Record, values: dict[str, set[str]]) -> None:
    for task, labels in record.answers.items():
        if labels:
            found.labels[task].update(labels)
    for task, lines in record.lines.items():
        found.lines[task] += len(lines)
    for key in (SUBJECT, *(f"{METADATA}{name}" for name in record.metadata)):
        if len(values[key]) < VALUES and (value := record.key(key)):
            values[key].add(value)


def _known(workflow: Workflow, values: Iterable[str]) -> int:
    return Subject.objects.filter(survey=workflow.survey_id, external_id__in=list(values)).count()
