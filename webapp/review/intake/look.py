"""Look into a file before anything is brought in: what it holds, and what its labels probably mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from webapp.archive.models import Subject
from webapp.review.intake.guess import guess_answers
from webapp.review.intake.read import USUAL_SOURCE, format_of, read
from webapp.review.intake.record import METADATA, SUBJECT, BadFile, Broken, Record
from webapp.review.sentences import NO_ANSWER, NO_LABEL
from webapp.volunteers.models import Workflow

ROWS = 20_000
VALUES = 1000


@dataclass(frozen=True)
class Guess:
    """What `Choices` will say of a file, but for its labels."""

    source: str
    match: str
    task: str
    follow_up_task: str
    lines_task: str


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

    def guess(self, workflow: Workflow) -> "Guess":
        """Return how the file is probably meant: for a scientist to confirm."""
        task = self._question(workflow)
        return Guess(
            source=USUAL_SOURCE[self.format],
            match=max(self.keys, key=lambda key: self.keys[key][0], default=SUBJECT),
            task=task,
            follow_up_task=self._follow_ups(workflow, task),
            lines_task=next((name for name, _ in self.lines.most_common(1)), "") if workflow.line_marking else "",
        )

    def _question(self, workflow: Workflow) -> str:
        """Return the first task whose labels say both yes and no, else the one with most labels."""
        meant = {task: set(guess_answers(labels, workflow).values()) for task, labels in self.labels.items()}
        sure = [task for task, answers in meant.items() if {"yes", "no"} <= answers]
        most = sorted(self.labels, key=lambda task: -self.labels[task].total())
        return next(iter([*sure, *most]), "")

    def _follow_ups(self, workflow: Workflow, question: str) -> str:
        """Return the first other task with a label that is a follow-up here."""
        offered = {label.casefold() for labels in workflow.follow_ups.values() for label in labels}
        others = (task for task in self.labels if task != question)
        return next((task for task in others if offered & {label.casefold() for label in self.labels[task]}), "")


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
        raise BadFile(NO_ANSWER(file=path.name))
    if not found.labels:
        raise BadFile(NO_LABEL(file=path.name))
    found.keys = {key: (_known(workflow, seen), len(seen)) for key, seen in values.items()}
    return found


def _count(found: Look, record: Record, values: dict[str, set[str]]) -> None:
    for task, labels in record.answers.items():
        if labels:
            found.labels[task].update(labels)
    for task, lines in record.lines.items():
        found.lines[task] += len(lines)
    for key in (SUBJECT, *(f"{METADATA}{name}" for name in record.metadata)):
        value = record.key(key)
        if value and len(values[key]) < VALUES:
            values[key].add(value)


def _known(workflow: Workflow, values: Iterable[str]) -> int:
    return Subject.objects.filter(survey=workflow.survey_id, external_id__in=list(values)).count()
