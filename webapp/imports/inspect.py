"""Preview a file before import: its format, its contents, and a guess at the mapping of its labels."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ml.crowd.answer import Answer
from webapp.archive.models import Subject
from webapp.classifications.presentation import PRESENTATIONS
from webapp.imports.csv_files import is_panoptes, read_csv
from webapp.imports.foreign_record import (
    EMPTY,
    METADATA,
    NO_ANSWER,
    NO_LABEL,
    NOT_OPENED,
    SUBJECT,
    BadFile,
    Broken,
    Record,
    Row,
)
from webapp.imports.label_studio import read_label_studio
from webapp.workflows.models import Workflow

ABSTENTIONS_FIRST = sorted(PRESENTATIONS, key=lambda answer: answer.decided)
NOTHING = {"nothing", "nothinghere", "none"}
A_FEW = 3


def guess_answers(labels: Iterable[str], workflow: Workflow | None = None) -> dict[str, str]:
    """Return by label its answer, and an empty string where nothing suggests one.

    In a survey task with a label for nothing, every other label is a yes.
    """
    distinct = dict.fromkeys(labels)
    known = _classes(workflow) if workflow else {}
    guessed = {label: known.get(label.casefold()) or _by_words(label) for label in distinct}
    if len(guessed) > A_FEW and any(set(_words(label)) & NOTHING for label in guessed):
        guessed = {label: answer or Answer.YES.value for label, answer in guessed.items()}
    return guessed


def _by_words(label: str) -> str:
    words = set(_words(label))
    return next((answer.value for answer in ABSTENTIONS_FIRST if words & PRESENTATIONS[answer].words), "")


def _words(label: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", label.casefold())


def _classes(workflow: Workflow) -> Mapping[str, str]:
    """Return the meaning of the survey's own classes and the workflow's follow-ups."""
    survey = workflow.survey
    meant = {label: answer for answer, labels in workflow.follow_ups.items() for label in labels}
    meant |= {label: "yes" if label in survey.positive else "no" for label in survey.classes}
    return {label.casefold(): answer for label, answer in meant.items()}


PANOPTES, VOTES, LABEL_STUDIO = "panoptes", "votes", "label-studio"
LONGEST_SOURCE = 100
USUAL_SOURCE = {PANOPTES: "zooniverse.org", LABEL_STUDIO: "label-studio"}


def format_of(path: Path) -> str:
    """Tell the formats by the start of the file; raises BadFile for an empty or missing one."""
    try:
        with path.open("rb") as file:
            start = file.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise BadFile(NOT_OPENED(file=path.name, error=error.strerror)) from error
    if not start:
        raise BadFile(EMPTY(file=path.name))
    if start[:1] in (b"[", b"{"):
        return LABEL_STUDIO
    return PANOPTES if is_panoptes(start) else VOTES


def read_classifications(path: Path) -> Iterator[Row]:
    """Yield all rows of a file, one item each; raises BadFile when it becomes unreadable."""
    return read_label_studio(path) if format_of(path) == LABEL_STUDIO else read_csv(path)


ROWS = 20_000
EXAMPLES = 3
VALUES = 1000


@dataclass(frozen=True)
class Guess:
    """The guessed `Choices` for a file, except its labels."""

    source: str
    match: str
    task: str
    follow_up_task: str
    lines_task: str


@dataclass
class Inspection:
    """A preview of a file's first rows.

    Attributes
    ----------
    source
        The usual source of such files; of a plain list, which has none, its name.
    is_whole
        Whether these are all rows of the file.
    broken, first_broken
        The number of unusable rows, and the first few of them.
    labels
        By task, the count of each label.
    lines
        By task, the number of lines.
    keys
        By what may tell a subject: how many of the different values seen are external ids of the survey, and how many
        were seen.
    """

    source: str
    rows: int = 0
    is_whole: bool = True
    broken: int = 0
    first_broken: list[Broken] = field(default_factory=list)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lines: Counter[str] = field(default_factory=Counter)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def guess(self, workflow: Workflow) -> "Guess":
        """Return the probable mapping, for a scientist to confirm."""
        task = self._question(workflow)
        return Guess(
            source=self.source,
            match=max(self.keys, key=lambda key: self.keys[key][0], default=SUBJECT),
            task=task,
            follow_up_task=self._follow_ups(workflow, task),
            lines_task=next((name for name, _ in self.lines.most_common(1)), "") if workflow.line_marking else "",
        )

    def _question(self, workflow: Workflow) -> str:
        """Return the first task with labels for both yes and no, else the one with most labels."""
        meant = {task: set(guess_answers(labels, workflow).values()) for task, labels in self.labels.items()}
        sure = [task for task, answers in meant.items() if {"yes", "no"} <= answers]
        most = sorted(self.labels, key=lambda task: -self.labels[task].total())
        return next(iter([*sure, *most]), "")

    def _follow_ups(self, workflow: Workflow, question: str) -> str:
        """Return the first other task with a label that is a follow-up here."""
        offered = {label.casefold() for labels in workflow.follow_ups.values() for label in labels}
        others = (task for task in self.labels if task != question)
        return next((task for task in others if offered & {label.casefold() for label in self.labels[task]}), "")


def inspect_file(path: Path, workflow: Workflow) -> Inspection:
    """Read the first rows of a file; raises BadFile for an unusable one."""
    inspected = Inspection(USUAL_SOURCE.get(format_of(path), path.stem[:LONGEST_SOURCE]))
    values: dict[str, set[str]] = defaultdict(set)
    rows = read_classifications(path)
    for row in islice(rows, ROWS):
        inspected.rows += 1
        if isinstance(row, Broken):
            inspected.broken += 1
            inspected.first_broken = [*inspected.first_broken, row][:EXAMPLES]
        else:
            _count(inspected, row, values)
    if not inspected.rows:
        raise BadFile(NO_ANSWER(file=path.name))
    if not inspected.labels:
        raise BadFile(NO_LABEL(file=path.name))
    inspected.is_whole = inspected.rows < ROWS or next(rows, None) is None
    inspected.keys = {key: (_known(workflow, seen), len(seen)) for key, seen in values.items()}
    return inspected


def _count(inspected: Inspection, record: Record, values: dict[str, set[str]]) -> None:
    for task, labels in record.answers.items():
        if labels:
            inspected.labels[task].update(labels)
    for task, lines in record.lines.items():
        inspected.lines[task] += len(lines)
    for key in (SUBJECT, *(f"{METADATA}{name}" for name in record.metadata)):
        value = record.key(key)
        if value and len(values[key]) < VALUES:
            values[key].add(value)


def _known(workflow: Workflow, values: Iterable[str]) -> int:
    return Subject.objects.filter(survey=workflow.survey_id, external_id__in=list(values)).count()
