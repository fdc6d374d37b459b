"""Frozen test sets: gold subjects held out by object group and by night, on which every model is evaluated.

An object belongs to the test side permanently, by the hash of its group, once any of its subjects is gold. Where chance
leaves too few real or bogus objects there, a frozen test set also holds out those with the next hashes. Subjects
labelled only by volunteers stay on the training side, since they can't evaluate a model. If a survey has several
nights, a frozen test set also holds out whole nights, so that a model is evaluated under conditions it has not seen.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import MD5, Substr
from django.db.models.lookups import LessThan

from ml.data.observing_nights import day_break
from webapp.archive.models import Subject, Survey
from webapp.learning import label_snapshot
from webapp.learning.label_snapshot import Label, MissingFile
from webapp.learning.messages import SAME_GOLD, TOO_LITTLE_GOLD
from webapp.learning.model_roles import Classes, classes_of
from webapp.learning.models import TestSet

FOLDER = "test-sets"
FEWEST_PER_ANSWER = 6
"""Minimum gold subjects of each answer: with fewer, a perfect model may be no better than chance (`surest_auc`)."""


class TooLittleGold(ValueError):
    """The survey has too few gold subjects to evaluate a model."""


class NothingNew(ValueError):
    """A new test set would be the same as the current one."""


def current(survey: Survey, kind: str) -> TestSet:
    """Return the survey's test set, freezing one if needed.

    Raises TooLittleGold: nothing is frozen; the message has the number of gold subjects, and how many are needed.
    """
    return current_if_frozen(survey, kind) or _freeze_first(survey, kind)


def current_if_frozen(survey: Survey, kind: str) -> TestSet | None:
    """Return the survey's test set, if there is one yet."""
    return TestSet.objects.filter(survey=survey, kind=kind, is_current=True).first()


@transaction.atomic
def _freeze_first(survey: Survey, kind: str) -> TestSet:
    """Freeze a test set, unless another run has done so while this one waited for the survey."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    return current_if_frozen(survey, kind) or freeze(survey=survey, kind=kind)


@dataclass(frozen=True)
class HeldOut:
    """What a test set keeps to itself besides the hash's choice.

    Observing nights, by the MJD at which each begins, object groups, and frozen subjects that the hash would let go:
    their gold was withdrawn, or a link of their object with another was taken back.
    """

    nights: list[float] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)


def current_held_out(survey: Survey, kind: str) -> HeldOut:
    """Return what the survey's test set keeps to itself; nothing without one."""
    frozen = current_if_frozen(survey, kind)
    return HeldOut(frozen.nights, frozen.groups, _let_go(frozen)) if frozen else HeldOut()


def _let_go(test_set: TestSet) -> list[int]:
    """Return the frozen subjects that are not on the test side by their hash, any more; none if the file is missing."""
    if lost_file(test_set):
        return []
    frozen = Subject.objects.filter(pk__in=label_snapshot.subjects_of(FOLDER, test_set.hash).tolist())
    return list(frozen.exclude(HAS_TEST_HASH, ~Q(gold_label="")).values_list("pk", flat=True))


@transaction.atomic
def freeze(*, survey: Survey, kind: str) -> TestSet:
    """Freeze today's gold on the test side as the survey's test set; the previous one is kept but no longer used.

    Raises TooLittleGold, or NothingNew unless the file of the current set is missing; nothing is frozen.
    """
    locked = Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    classes = classes_of(locked)
    gold = Subject.objects.filter(survey=locked, kind=kind).originals().observed().with_pixels().gold()
    held_out = HeldOut(
        nights=choose_nights(nights_of(gold.values_list("mjd", flat=True))),
        groups=choose_groups(
            {
                group: classes.answer(label)
                for group, label in gold.order_by("pk").values_list("object_group", "gold_label")
            },
            current_held_out(locked, kind).groups,
        ),
    )
    labels = [_label(classes, subject) for subject in gold.filter(pk__in=on_test_side(locked, held_out).values("pk"))]
    _check(locked, labels)
    frozen = TestSet(survey=locked, kind=kind, hash=label_snapshot.digest(labels, classes), size=len(labels))
    frozen.nights, frozen.groups = held_out.nights, held_out.groups
    _check_is_new(frozen, current_if_frozen(locked, kind))
    label_snapshot.write_snapshot(FOLDER, frozen.hash, labels, classes)
    TestSet.objects.filter(survey=locked, kind=kind, is_current=True).update(is_current=False)
    frozen.save()
    return frozen


def frozen_labels(test_set: TestSet) -> list[Label]:
    """Return the test set's labels, as they were frozen."""
    return label_snapshot.read_snapshot(FOLDER, test_set.hash)[0]


def lost_file(test_set: TestSet | None) -> MissingFile | None:
    """Return what the file of a test set's labels being missing means, if it is."""
    if test_set is None or label_snapshot.path_of(FOLDER, test_set.hash).exists():
        return None
    return label_snapshot.missing(FOLDER, test_set.hash)


def _label(classes: Classes, subject: Subject) -> Label:
    place = (
        subject.pk,
        subject.external_id,
        subject.zarr_array,
        subject.zarr_index,
        subject.object_group or subject.external_id,
    )
    return label_snapshot.gold_label(place, subject.gold_label, subject.gold_source, classes)


def _check(survey: Survey, labels: list[Label]) -> None:
    yes = sum(label.label == "yes" for label in labels)
    if min(yes, len(labels) - yes) < FEWEST_PER_ANSWER:
        raise TooLittleGold(TOO_LITTLE_GOLD(survey=survey, real=yes, bogus=len(labels) - yes, fewest=FEWEST_PER_ANSWER))


def _check_is_new(frozen: TestSet, before: TestSet | None) -> None:
    if before is None or lost_file(before):
        return
    if (frozen.hash, frozen.nights, frozen.groups) == (before.hash, before.nights, before.groups):
        raise NothingNew(SAME_GOLD(day=f"{before.created_at:%Y-%m-%d}"))


TEST_SHARE = 0.3
_BELOW = f"{round(TEST_SHARE * 256):02x}"
HAS_TEST_HASH = Q(LessThan(Substr(MD5("object_group"), 1, 2), _BELOW))


def is_test_group(object_group: str) -> bool:
    """Return whether an object's group is on the test side, as `on_test_side` does in the database."""
    return _digest(object_group)[:2] < _BELOW


def _digest(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def on_test_side(survey: Survey, besides: HeldOut) -> QuerySet[Subject]:
    """Return the survey's test subjects, and those that share an object or a night with them."""
    subjects = Subject.objects.filter(survey=survey).observed()
    is_test = Q(HAS_TEST_HASH, object_group__in=subjects.gold().values("object_group"))
    return subjects.filter(is_test | _is_kept(subjects, besides))


def may_be_tested_on(survey: Survey, besides: HeldOut) -> QuerySet[Subject]:
    """Return the subjects on the test side, those that would be if they became gold, and those of objects with gold."""
    subjects = Subject.objects.filter(survey=survey).observed()
    has_gold = Q(object_group__in=subjects.gold().values("object_group"))
    return subjects.filter(HAS_TEST_HASH | has_gold | _is_kept(subjects, besides))


def _is_kept(subjects: QuerySet[Subject], besides: HeldOut) -> Q:
    """Return whether a subject shares an object with what a test set keeps to itself besides the hash's choice."""
    kept = Q(object_group__in=besides.groups)
    if besides.subjects:
        frozen = Subject.objects.filter(pk__in=besides.subjects)
        kept |= Q(pk__in=besides.subjects) | Q(object_group__in=frozen.exclude(object_group="").values("object_group"))
    if besides.nights:
        kept |= Q(object_group__in=subjects.filter(_during(besides.nights)).values("object_group"))
    return kept


def choose_groups(answers: dict[str, str], before: Iterable[str]) -> list[str]:
    """Choose gold objects for the test side where chance has put too few of their answer there.

    Each answer gets its share, and as many as a test set needs if that leaves as many to train on.

    Parameters
    ----------
    answers
        Yes or no by object group.
    before
        The choice of the test set before, which stays.
    """
    chosen = set(before)
    for answer in set(answers.values()):
        groups = sorted((group for group, its in answers.items() if its == answer), key=_digest)
        wanted = max(round(TEST_SHARE * len(groups)), min(FEWEST_PER_ANSWER, len(groups) // 2))
        chosen |= {group for group in groups[:wanted] if not is_test_group(group)}
    return sorted(chosen)


def choose_nights(gold_by_night: dict[float, int]) -> list[float]:
    """Choose whole nights for the test side: about a tenth of the gold, none with fewer than five nights.

    Parameters
    ----------
    gold_by_night
        Gold subjects by observing night.
    """
    if len(gold_by_night) < 5:
        return []
    budget = sum(gold_by_night.values()) / 10
    chosen: list[float] = []
    for night in sorted(gold_by_night, key=lambda day: _digest(str(day))):
        if gold_by_night[night] <= budget:
            chosen.append(night)
            budget -= gold_by_night[night]
    return sorted(chosen)


def nights_of(mjds: Iterable[float | None]) -> dict[float, int]:
    """Count by observing night, which is named by the MJD at which it begins; unknown times count nowhere.

    Nights begin at one time of day, in the longest pause of the survey's observing, so that a night that goes on past
    0h UT is one (`ml.data.observing_nights.day_break`).
    """
    known = np.array([mjd for mjd in mjds if mjd is not None])
    begins = day_break(known)
    return dict(Counter((np.floor(known - begins) + begins).tolist()))


def _during(nights: list[float]) -> Q:
    return reduce(or_, (Q(mjd__gte=night, mjd__lt=night + 1) for night in nights))
