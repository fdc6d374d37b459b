"""Names of synthetic subjects, which must not tell them from observed ones."""

import hashlib
import re
from collections.abc import Collection, Iterator
from itertools import count

from webapp.archive.models import Subject, Survey
from webapp.core.sql import fetch

CHANGED_DIGITS = 4
"""Digits at a name's end that differ; earlier ones encode the night or the field."""

DENSE = 0.5
"""Names that fill more than this fraction of their range are numbered one by one: another number would stand out."""

# `upper(...) LIKE` reads the index of names.
NUMBERS = """
    SELECT count(*), min(number), max(number) FROM (
        SELECT substring(external_id FROM %(form)s)::numeric AS number FROM archive_subject
        WHERE survey_id = %(survey)s AND upper(external_id) COLLATE "C" LIKE upper(%(like)s) AND external_id ~ %(form)s
    ) AS numbered
"""


class SyntheticNames:
    """Free names in the format of a survey's own. Names in `coming` count as taken."""

    def __init__(self, survey: Survey, coming: Collection[str] = ()) -> None:
        self.survey = survey
        self.taken = set(coming)
        self.last: dict[tuple[str, str], int | None] = {}

    def like(self, name: str, seed: int) -> str:
        """Return a new name: the next number where names are numbered one by one, else one with other digits."""
        free = next(tried for tried in self._tries(name, seed) if self._is_free(tried))
        self.taken.add(free)
        return free

    def _tries(self, name: str, seed: int) -> Iterator[str]:
        before, number, after = parts(name)
        last = self._last_number(before, after) if number else None
        if last is None:
            return (name_like(name, each) for each in count(seed))
        return (f"{before}{each:0{len(number)}d}{after}" for each in count(last + 1))

    def _last_number(self, before: str, after: str) -> int | None:
        """Return the highest number in use if the numbers in this place are dense, else None."""
        if (before, after) not in self.last:
            self.last[before, after] = self._count_numbers(before, after)
        return self.last[before, after]

    def _count_numbers(self, before: str, after: str) -> int | None:
        form = f"^{re.escape(before)}([0-9]+){re.escape(after)}$"
        like = re.sub(r"([\\%_])", r"\\\1", before) + "%"
        ((total, first, last),) = fetch(NUMBERS, {"survey": self.survey.pk, "form": form, "like": like})
        is_dense = total > 1 and total > DENSE * float(last - first + 1)
        return int(last) if is_dense else None

    def _is_free(self, name: str) -> bool:
        return name not in self.taken and not Subject.objects.filter(survey=self.survey, external_id=name).exists()


def parts(name: str) -> tuple[str, str, str]:
    """Split a name at its last number: what stands before it, its digits ("" if there is none), and what follows."""
    if (last := re.fullmatch(r"(.*?)([0-9]+)([^0-9]*)", name, re.DOTALL)) is None:
        return name, "", ""
    return last[1], last[2], last[3]


def name_like(name: str, seed: int) -> str:
    """Return a name in the format of another, with other digits, determined by the seed.

    Names with too few digits to be unique get some more at their end.
    """
    number = int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=16).digest(), "big")
    digits = str(number).zfill(40)[::-1]  # the first ones are mostly zeros
    before, last, after = parts(name)
    if len(last) < CHANGED_DIGITS:
        return f"{name[:190]}-{digits[:6]}"
    return f"{before}{last[:-CHANGED_DIGITS]}{digits[:CHANGED_DIGITS]}{after}"


def free_names(survey: Survey, coming: list[str]) -> None:
    """Rename the synthetic subjects that hold these names, for observed ones that come in. Hold the survey's row."""
    names = SyntheticNames(survey, coming)
    for row in Subject.objects.filter(survey=survey, is_synthetic=True, external_id__in=coming):
        old, new = row.external_id, names.like(row.external_id, row.pk)
        row.external_id = new
        row.metadata = {key: new if value == old else value for key, value in row.metadata.items()}
        row.save(update_fields=["external_id", "metadata"])
