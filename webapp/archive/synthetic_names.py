"""Names of synthetic subjects: like those of their neighbours, until an observed subject needs the name."""

import hashlib
import re
from itertools import count

from webapp.archive.models import Subject, Survey

FEWEST_DIGITS = 4


def name_like(name: str, seed: int) -> str:
    """Return a name in the format of another, with other digits, determined by the seed.

    Names with too few digits to be unique get some more at their end.
    """
    number = int.from_bytes(hashlib.blake2b(f"{seed} {name}".encode(), digest_size=16).digest(), "big")
    digits = reversed(str(number).zfill(40))  # the first ones are mostly zeros
    last = list(re.finditer(r"[0-9]+", name))[-1:]
    if last and len(last[0].group()) >= FEWEST_DIGITS:
        begin, end = last[0].span()
        begin = max(begin, end - FEWEST_DIGITS)  # earlier digits encode the night or the field
        return name[:begin] + "".join(next(digits) for _ in range(end - begin)) + name[end:]
    return f"{name[:190]}-{''.join(next(digits) for _ in range(6))}"


def free_names(survey: Survey, names: list[str]) -> None:
    """Rename the synthetic subjects that hold these names, for observed ones that come in. Hold the survey's row."""
    for row in Subject.objects.filter(survey=survey, is_synthetic=True, external_id__in=names):
        old, new = row.external_id, _free_name(row, names)
        row.external_id = new
        row.metadata = {key: new if value == old else value for key, value in row.metadata.items()}
        row.save(update_fields=["external_id", "metadata"])


def _free_name(row: Subject, taken: list[str]) -> str:
    tries = (name_like(row.external_id, seed) for seed in count(row.pk))
    names = Subject.objects.filter(survey=row.survey_id)
    return next(name for name in tries if name not in taken and not names.filter(external_id=name).exists())
