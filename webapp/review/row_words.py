"""What a row of the desk says of its subject in a line: time, magnitude, rate, and the nearest known object."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.archive.models import Subject
from webapp.archive.sorted_values import sorted_value
from webapp.known_objects.models import KnownMatch


@dataclass(frozen=True)
class RowFacts:
    """Time, magnitude and rate in words, those that are known; the nearest known object, and how many more are near."""

    words: list[str]
    known: KnownMatch | None
    n_more: int


def facts_of(subjects: Sequence[Subject]) -> dict[int, RowFacts]:
    """Return the facts of some subjects, by their keys, in one query; objects that were ruled out are not near."""
    near: dict[int, list[KnownMatch]] = {subject.pk: [] for subject in subjects}
    for match in KnownMatch.objects.filter(subject__in=near, is_ruled_out=False).order_by("separation"):
        near[match.subject_id].append(match)
    return {
        subject.pk: RowFacts(_words(subject), next(iter(near[subject.pk]), None), max(0, len(near[subject.pk]) - 1))
        for subject in subjects
    }


def _words(subject: Subject) -> list[str]:
    rate = "rate" if subject.rate is not None else "fitted_rate"
    values = {name: getattr(subject, name) for name in ("mjd", "mag", rate)}
    return [sorted_value(name, value) for name, value in values.items() if value is not None]
