"""What no model ever trains on: the part of the known sky that judges them.

An object belongs to the test side for ever by the hash of its group, once any subject of it is gold. Subjects that
only volunteers have labelled stay on the training side: they could not judge anybody. Where a survey has several
nights, a frozen test set also takes whole nights out (`webapp.learning.test_set`), so that a model is judged on
conditions that it has not seen.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.db.models.functions import MD5, Substr
from django.db.models.lookups import LessThan

from webapp.archive.models import Subject, Survey

TEST_SHARE = 0.3
_BELOW = f"{round(TEST_SHARE * 256):02x}"


def is_test_group(object_group: str) -> bool:
    """Return whether an object's group falls on the test side, as `on_test_side` decides in the database."""
    digest = hashlib.md5(object_group.encode(), usedforsecurity=False).hexdigest()
    return digest[:2] < _BELOW


def on_test_side(survey: Survey, nights: list[int]) -> QuerySet[Subject]:
    """Return the survey's subjects that models are judged by, or that share an object or a night with those."""
    subjects = Subject.objects.filter(survey=survey).observed()
    bucket = Substr(MD5("object_group"), 1, 2)
    held_out = Q(LessThan(bucket, _BELOW), object_group__in=subjects.gold().values("object_group"))
    if nights:
        held_out |= Q(object_group__in=subjects.filter(_during(nights)).values("object_group"))
    return subjects.filter(held_out)


def choose_nights(gold_by_night: dict[int, int]) -> list[int]:
    """Choose whole nights for the test side: about a tenth of the gold, none where a survey has fewer than five.

    Parameters
    ----------
    gold_by_night
        Gold subjects by UTC day.
    """
    if len(gold_by_night) < 5:
        return []
    budget = sum(gold_by_night.values()) / 10
    chosen: list[int] = []
    for night in sorted(gold_by_night, key=lambda day: hashlib.md5(str(day).encode(), usedforsecurity=False).digest()):
        if gold_by_night[night] <= budget:
            chosen.append(night)
            budget -= gold_by_night[night]
    return sorted(chosen)


def nights_of(mjds: Iterable[float | None]) -> dict[int, int]:
    """Count by UTC day; unknown times count nowhere."""
    return dict(Counter(math.floor(mjd) for mjd in mjds if mjd is not None))


def _during(nights: list[int]) -> Q:
    return reduce(or_, (Q(mjd__gte=night, mjd__lt=night + 1) for night in nights))
