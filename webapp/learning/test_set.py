"""The frozen test set: gold subjects, apart by object and by night, on which every model of a survey is judged."""

from django.db import transaction

from webapp.archive.models import Subject, Survey
from webapp.learning import snapshot
from webapp.learning.held_out import choose_nights, nights_of, on_test_side
from webapp.learning.models import TestSet
from webapp.learning.roles import Classes, classes_of
from webapp.learning.sentences import TOO_LITTLE_GOLD
from webapp.learning.snapshot import Label

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
    found = TestSet.objects.filter(survey=survey, kind=kind, is_current=True).first()
    return found or freeze(survey=survey, kind=kind)


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
    snapshot.write(FOLDER, name, labels, classes)
    TestSet.objects.filter(survey=locked, kind=kind, is_current=True).update(is_current=False)
    return TestSet.objects.create(survey=locked, kind=kind, hash=name, size=len(labels), nights=nights)


def labels_of(test_set: TestSet) -> list[Label]:
    """Return the test set's labels, as they were frozen."""
    return snapshot.read(FOLDER, test_set.hash)[0]


def _label(classes: Classes, subject: Subject) -> Label:
    place = (subject.pk, subject.external_id, subject.array, subject.index, subject.object_group or subject.external_id)
    source = "ruling" if subject.gold_source == "ruling" else "gold"
    return Label(*place, classes.answer(subject.gold_label), classes.allowed(subject.gold_label), 1.0, source)


def _check(survey: Survey, labels: list[Label]) -> None:
    yes = sum(label.label == "yes" for label in labels)
    if min(yes, len(labels) - yes) < FEWEST_PER_ANSWER:
        raise TooLittleGold(TOO_LITTLE_GOLD(survey=survey, real=yes, bogus=len(labels) - yes, fewest=FEWEST_PER_ANSWER))
