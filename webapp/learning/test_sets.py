"""Frozen test sets: gold subjects held out by object group and by night, on which every model is evaluated.

An object belongs to the test side for ever by the hash of its group, once any subject of it is gold. Subjects that
only volunteers have labelled stay on the training side: they could not judge anybody. Where a survey has several
nights, a frozen test set also takes whole nights out (`webapp.learning.test_sets`), so that a model is judged on
conditions that it has not seen.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import MD5, Substr
from django.db.models.lookups import LessThan

from webapp.archive.models import Subject, Survey
from webapp.learning.messages import TOO_LITTLE_GOLD
from webapp.learning.model_roles import Classes, classes_of
from webapp.learning.models import TestSet
from webapp.learning.training_sets import snapshot
from webapp.learning.training_sets.snapshot import Label

FOLDER = "test-sets"
FEWEST_PER_ANSWER = 5


class TooLittleGold(ValueError):
    """The survey has not enough gold subjects to judge a model."""


def current(survey: Survey, kind: str) -> TestSet:
    """Return the survey's test set, frozen now if it has none.

    Raises
    ------
    TooLittleGold
        Nothing is frozen; the message says how many gold subjects there are and how many it takes.
    """
    frozen = TestSet.objects.filter(survey=survey, kind=kind, is_current=True).first()
    return frozen or freeze(survey=survey, kind=kind)


def current_nights(survey: Survey, kind: str) -> list[int]:
    """Return the UTC days that the survey's test set keeps to itself."""
    nights = TestSet.objects.filter(survey=survey, kind=kind, is_current=True).values_list("nights", flat=True)
    return next(iter(nights), [])


@transaction.atomic
def freeze(*, survey: Survey, kind: str) -> TestSet:
    """Freeze today's gold on the test side as the survey's test set; the one before steps back, and is kept."""
    locked = Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    classes = classes_of(locked)
    gold = Subject.objects.filter(survey=locked, kind=kind).originals().observed().gold()
    nights = choose_nights(nights_of(gold.values_list("mjd", flat=True)))
    labels = [_label(classes, subject) for subject in gold.filter(pk__in=on_test_side(locked, nights).values("pk"))]
    _check(locked, labels)
    name = snapshot.digest(labels, classes)
    snapshot.write_snapshot(FOLDER, name, labels, classes)
    TestSet.objects.filter(survey=locked, kind=kind, is_current=True).update(is_current=False)
    return TestSet.objects.create(survey=locked, kind=kind, hash=name, size=len(labels), nights=nights)


def frozen_labels(test_set: TestSet) -> list[Label]:
    """Return the test set's labels, as they were frozen."""
    return snapshot.read_snapshot(FOLDER, test_set.hash)[0]


def _label(classes: Classes, subject: Subject) -> Label:
    place = (
        subject.pk,
        subject.external_id,
        subject.zarr_array,
        subject.zarr_index,
        subject.object_group or subject.external_id,
    )
    source = "ruling" if subject.gold_source == "ruling" else "gold"
    return Label(*place, classes.answer(subject.gold_label), classes.allowed(subject.gold_label), 1.0, source)


def _check(survey: Survey, labels: list[Label]) -> None:
    yes = sum(label.label == "yes" for label in labels)
    if min(yes, len(labels) - yes) < FEWEST_PER_ANSWER:
        raise TooLittleGold(TOO_LITTLE_GOLD(survey=survey, real=yes, bogus=len(labels) - yes, fewest=FEWEST_PER_ANSWER))


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
