"""A volunteer's skill on gold subjects in one workflow: overall, over time, and by confused classes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from webapp.archive.models import Subject
from webapp.consensus.intervals import Share, share_of
from webapp.consensus.skills import telling_answers
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

WINDOW = 50
"""Training subjects that one point of the curve looks back on."""

POINTS = 40


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a training subject: when, what it was (fine class, and yes or no), and what was said."""

    at: datetime
    label: str
    truth: str
    answer: str


@dataclass(frozen=True, slots=True)
class Point:
    """The last `WINDOW` training subjects up to one of them."""

    n: int
    at: datetime
    sensitivity: Share
    specificity: Share


@dataclass(frozen=True, slots=True)
class Confused:
    """A class, how often it was answered, and how often wrongly or not at all."""

    label: str
    truth: str
    n: int
    wrong: Share
    unsure: int


def answered_by(volunteer: Volunteer, workflow: Workflow) -> list[Answered]:
    """Return the volunteer's answers to training subjects that tell of skill, the oldest first."""
    rows = telling_answers(workflow).filter(volunteer=volunteer).order_by("created_at", "finished_at", "pk")
    return [
        Answered(at, label, Subject(survey=workflow.survey, gold_label=label).gold_answer(), answer)
        for at, label, answer in rows.values_list("created_at", "subject__gold_label", "answer")
    ]


def sensitivity_of(answers: list[Answered]) -> Share:
    """Return the share of real ones that were recognised; unsure counts neither way."""
    return _recognised(answers, "yes")


def specificity_of(answers: list[Answered]) -> Share:
    """Return the share of bogus ones that were recognised; unsure counts neither way."""
    return _recognised(answers, "no")


def over_time(answers: list[Answered]) -> list[Point]:
    """Return at most `POINTS` points, evenly spaced, the last of them at the newest answer."""
    n = len(answers)
    ends = sorted({max(1, round(n * (place + 1) / POINTS)) for place in range(POINTS)}) if n else []
    return [_point(answers, end) for end in ends]


def most_confused(answers: list[Answered], most: int = 8) -> list[Confused]:
    """Return the classes that were answered wrongly at least once, those most often mixed up first."""
    totals = Counter((each.label, each.truth) for each in answers)
    wrong = Counter(each.label for each in answers if each.answer not in (each.truth, "unsure"))
    unsure = Counter(each.label for each in answers if each.answer == "unsure")
    rows = [
        Confused(label, truth, n, share_of(wrong[label], n - unsure[label]), unsure[label])
        for (label, truth), n in totals.items()
        if wrong[label]
    ]
    return sorted(rows, key=lambda row: (-(row.wrong.value or 0), -row.n, row.label))[:most]


def _recognised(answers: list[Answered], truth: str) -> Share:
    said = [each.answer for each in answers if each.truth == truth and each.answer != "unsure"]
    return share_of(said.count(truth), len(said))


def _point(answers: list[Answered], end: int) -> Point:
    window = answers[max(0, end - WINDOW) : end]
    return Point(end, answers[end - 1].at, sensitivity_of(window), specificity_of(window))
