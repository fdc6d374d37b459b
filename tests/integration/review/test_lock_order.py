"""What changes a subject in several workflows locks it there in the order in which everybody does."""

import pytest

from tests.integration.locks import nobody_waits_in_a_circle
from tests.integration.world import make_volunteer, make_workflow, subjects_of
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.known_objects.gold import make_gold
from webapp.queue.entries import lock_entries
from webapp.queue.membership import end_training, enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.review.bulk_undo import withdraw_verdicts
from webapp.review.class_from_tag import make_class
from webapp.review.rulings import rule

pytestmark = pytest.mark.django_db(transaction=True)


def of_a_known_object(subject, workflow):
    workflow.survey.subjects.filter(pk=subject.pk).update(gold_label="yes", gold_source=KNOWN_ORBIT)
    return lambda: make_gold([subject.pk])


def ruled(subject, workflow):
    scientist = make_volunteer("sue").user
    rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    return lambda: withdraw_verdicts(workflow, [subject.pk], by=scientist)


def an_example(subject, workflow):
    scientist = make_volunteer("sue").user
    of = {"workflow": workflow, "label": "AST", "answer": "yes"}
    return lambda: make_class(by=scientist, **of, examples=[subject.pk])


def reported(subject, workflow):
    return lambda: end_training([subject.pk])


@pytest.mark.parametrize("prepare", [of_a_known_object, ruled, an_example, reported])
def test_who_changes_one_workflow_after_the_other_waits_for_nobody_in_turn(prepare):
    first, second = make_workflow(subjects=0, slug="zebra"), make_workflow(subjects=1, slug="ant")
    first.subject_sets.set(second.subject_sets.all())
    enqueue_subjects(first)  # its entry has the higher key
    [subject] = subjects_of(second)
    QueueEntry.objects.update(is_gold=True, is_retired=True)
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(first, [subject.pk]),
        prepare(subject, second),
        lambda: lock_entries(second, [subject.pk]),
    )
