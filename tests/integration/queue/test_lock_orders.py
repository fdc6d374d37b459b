"""Whoever writes for several subjects, workflows or people locks them in one order: nobody waits in a circle."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from tests.integration.at_once import beside
from tests.integration.imports.files import PANOPTES, imported, panoptes_row, write_csv
from tests.integration.locks import nobody_waits_in_a_circle, wait_until_somebody_waits
from tests.integration.world import hand, make_volunteer, make_workflow, subjects_of, vote
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.api.classification_serializers import check_answers
from webapp.api.classification_views import store_answers
from webapp.archive import stored_rates
from webapp.archive.models import Subject
from webapp.classifications.models import Classification, Mark
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.community.models import Appeal, Board, Comment, Discovery, ModeratorAction, Notification, Thread
from webapp.community.talk import post_comment
from webapp.consensus.locking import lock_volunteers
from webapp.consensus.models import Consensus
from webapp.consensus.skills import mark_stale
from webapp.core.sql import execute
from webapp.imports.mapping import Choices
from webapp.known_objects.match_subjects import _store
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.linking.decisions import decide
from webapp.linking.models import Decision, LinkRun, Proposal
from webapp.queue.entries import lock_entries
from webapp.queue.leases import lease_next, store_newcomer
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease
from webapp.retention.drop_pixels import _mark
from webapp.retention.droppable import TrainedOn
from webapp.retention.models import RetentionRun
from webapp.review.bulk import give_verdicts
from webapp.review.bulk_undo import withdraw_verdicts
from webapp.review.rulings import SubjectVerdict
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workflow():
    return make_workflow(subjects=4, method="majority")


@pytest.fixture
def scientist():
    return make_volunteer("sue").user


@pytest.fixture
def answered(workflow):
    """Two people: the second has answered the first subject, and the first the second one."""
    first, second = make_volunteer(), make_volunteer()
    early, late, *_ = subjects_of(workflow)
    vote(second, workflow, early)
    vote(first, workflow, late)
    return first.pk, second.pk


def verdicts_on(workflow):
    return [SubjectVerdict(each.pk, "yes") for each in subjects_of(workflow)[:2]]


def test_verdicts_on_many_subjects_mark_their_volunteers_in_one_order(workflow, scientist, answered):
    first, second = answered
    assert nobody_waits_in_a_circle(
        lambda: mark_stale(workflow, [first]),
        lambda: give_verdicts(workflow, verdicts_on(workflow), scientist=scientist),
        lambda: mark_stale(workflow, [second]),
    )


def test_withdrawing_many_verdicts_marks_their_volunteers_in_one_order(workflow, scientist, answered):
    first, second = answered
    keys = [each.pk for each in subjects_of(workflow)[:2]]
    give_verdicts(workflow, verdicts_on(workflow), scientist=scientist)
    assert nobody_waits_in_a_circle(
        lambda: mark_stale(workflow, [first]),
        lambda: withdraw_verdicts(workflow, keys, by=scientist),
        lambda: mark_stale(workflow, [second]),
    )


def test_who_joins_changes_no_skill_before_all_their_subjects_are_locked(workflow):
    second = make_workflow(subjects=1, slug="second")
    visitor, account = make_volunteer(), make_volunteer("vera")
    [subject] = subjects_of(second)
    vote(visitor, workflow, subjects_of(workflow)[0])
    vote(visitor, second, subject)
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(second, [subject.pk]),
        lambda: merge(visitor, account),
        lambda: mark_stale(workflow, [account.pk]),
    )


def test_answers_to_two_workflows_change_no_skill_before_all_their_subjects_are_locked(workflow):
    second = make_workflow(subjects=1, slug="second")
    vera = make_volunteer("vera")
    first = subjects_of(workflow)[0]
    first.survey.subjects.filter(pk=first.pk).update(gold_label="AST")
    [subject] = subjects_of(second)
    hand(vera, workflow, first.pk)
    submit(vera, workflow, [Item(uuid4(), first.pk, "yes")])  # it counts with the next one
    answers = []
    for of, each in ((workflow, subjects_of(workflow)[1]), (second, subject)):
        hand(vera, of, each.pk)
        answers.append({"id": str(uuid4()), "workflow": of.slug, "subject": each.pk, "answer": "yes"})
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(second, [subject.pk]),
        lambda: store_answers(vera, check_answers(answers)),
        lambda: mark_stale(workflow, [vera.pk]),
    )


def test_a_newcomers_first_answer_waits_for_a_verdict_in_its_order():
    newcomer = Volunteer()
    zebra, ant = make_workflow(subjects=0, slug="zebra"), make_workflow(subjects=1, slug="ant")
    zebra.subject_sets.set(ant.subject_sets.all())
    enqueue_subjects(zebra)  # its entry has the higher key
    [subject] = subjects_of(ant)
    for workflow in (zebra, ant):
        assert len(lease_next(newcomer, workflow, 1).leases) == 1
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(zebra, [subject.pk]),
        lambda: store_newcomer(newcomer),
        lambda: lock_entries(ant, [subject.pk]),
    )


@pytest.mark.parametrize("keep_answers", [True, False])
def test_who_leaves_gives_back_what_they_hold_in_the_order_of_answers(workflow, keep_answers):
    vera = make_volunteer("vera")
    early, late, *_ = subjects_of(workflow)
    vote(vera, workflow, early)
    hand(vera, workflow, late.pk)
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(workflow, [early.pk]),
        lambda: delete_account(user=vera.user, keep_answers=keep_answers),
        lambda: lock_entries(workflow, [late.pk]),
    )
    assert not Lease.objects.exists()
    assert Classification.objects.count() == keep_answers


def test_who_leaves_waits_for_what_they_did_as_a_visitor_before_their_subjects_are_locked(workflow):
    visitor, vera, subject = make_volunteer(), make_volunteer("vera"), subjects_of(workflow)[0]
    vote(visitor, workflow, subject)
    merge(visitor, vera)
    assert nobody_waits_in_a_circle(
        lambda: lock_volunteers([visitor.pk]),
        lambda: delete_account(user=vera.user, keep_answers=False),
        lambda: lock_entries(workflow, [subject.pk]),
    )
    assert not Volunteer.objects.exists()


def test_who_leaves_is_locked_before_the_visitors_that_they_were(workflow):
    vera, visitor = make_volunteer("vera"), make_volunteer()
    vote(visitor, workflow, subjects_of(workflow)[0])
    merge(visitor, vera)
    assert nobody_waits_in_a_circle(
        lambda: lock_volunteers([vera.pk]),
        lambda: delete_account(user=vera.user, keep_answers=False),
        lambda: lock_volunteers([visitor.pk]),
    )


def test_a_verdict_credits_somebody_who_is_leaving(workflow):
    vera = make_volunteer("vera")
    subject = subjects_of(workflow)[0]
    vote(vera, workflow, subject)
    credit = {"volunteer": vera, "workflow": workflow, "subject": subject, "confirmed_at": timezone.now()}
    assert nobody_waits_in_a_circle(
        lambda: lock_entries(workflow, [subject.pk]),
        lambda: delete_account(user=vera.user, keep_answers=True),
        lambda: Discovery.objects.create(**credit),  # the commit checks that its volunteer exists
    )
    assert not Discovery.objects.exists()


@pytest.mark.parametrize("held", [Appeal, ModeratorAction, Comment, Thread])
def test_who_leaves_waits_for_what_moderators_and_others_do_about_their_words(workflow, held):
    vera, survey = make_volunteer("vera"), workflow.survey
    thread = Thread.objects.create(board=Board.objects.create(survey=survey, name="Talk"), author=vera, title="Odd")
    comment = Comment.objects.create(survey=survey, thread=thread, author=vera, text="Look at this.")
    action = ModeratorAction.objects.create(survey=survey, comment=comment, author=vera, kind="warned", reason="Rude.")
    Appeal.objects.create(action=action, text="Please.")
    news = {"survey": survey, "thread": thread, "kind": Notification.Kind.COMMENTED}
    assert nobody_waits_in_a_circle(
        lambda: held.objects.select_for_update().get(),
        lambda: delete_account(user=vera.user, keep_answers=True),
        lambda: Notification.objects.create(volunteer=vera, **news),  # the commit checks that its volunteer exists
    )
    assert not Notification.objects.exists()


def test_a_comment_that_mentions_who_is_leaving_is_posted_all_the_same(workflow):
    ben, vera, subject = make_volunteer("ben"), make_volunteer("vera"), subjects_of(workflow)[0]
    workflow.queue.update(is_retired=True)
    assert nobody_waits_in_a_circle(
        lambda: delete_account(user=ben.user, keep_answers=False),
        lambda: post_comment(user=vera.user, subject=subject, text="Look, @ben!"),
        lambda: None,
    )
    assert Comment.objects.exists()
    assert not Notification.objects.exists()


def settle_as_bogus(workflow, keys):
    """Let subjects' pixels be droppable; return the run that drops them."""
    type(workflow.survey).objects.update(drop_bogus_after=0, keep_bogus=0)
    bogus = {"posterior": 0.01, "method": "majority", "is_retired": True, "retired_reason": "consensus"}
    for key in keys:
        settled = {"subject_id": key, "votes_no": 5, "retired_at": timezone.now() - timedelta(days=1)}
        Consensus.objects.create(workflow=workflow, **settled, **bogus)
    workflow.queue.update(is_retired=True)
    workflow.survey.refresh_from_db()
    return RetentionRun.objects.claim(RetentionRun.objects.create(survey=workflow.survey).pk)


def compare_with_known_objects(workflow, keys):
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=60000.0)
    checks = [
        IdentityCheck(subject_id=key, catalogue=catalogue, detections=0, candidates=0, unmatched=0) for key in keys
    ]
    IdentityCheck.objects.bulk_create(checks)
    return lambda: _store(keys, {}, {}, checks, {})


def fit_motions(_workflow, keys):
    return lambda: execute(stored_rates.STORE, [keys[::-1], [1.0] * len(keys)])


def confirm_links(workflow, keys):
    run = LinkRun.objects.create(survey=workflow.survey, links="tracklets", first_mjd=0, last_mjd=1)
    place = dict.fromkeys(["mjd", "ra", "dec", "rate", "position_angle", "misfit"], 0.0)
    proposals = [Proposal.objects.create(run=run, **place) for _ in keys]
    for row, key in zip(proposals, reversed(keys), strict=True):
        row.members.add(key)
    confirmed = {"proposals": [row.pk for row in proposals], "decision": Decision.CONFIRMED}
    return lambda: decide(survey=workflow.survey, by=make_volunteer("sue").user, **confirmed)


def lock_subject(key):
    Subject.objects.select_for_update(no_key=True).get(pk=key)


def what_comes_later(workflow, keys):
    lock_subject(keys[1])
    lock_entries(workflow, keys)
    IdentityCheck.objects.filter(subject__in=keys).update(unmatched=0)
    KnownMatch.objects.filter(subject__in=keys).delete()


@pytest.mark.parametrize("prepare", [compare_with_known_objects, fit_motions, confirm_links])
def test_a_job_takes_a_verdicts_locks_in_its_order(workflow, prepare):
    keys = [each.pk for each in subjects_of(workflow)[:2]]
    assert nobody_waits_in_a_circle(
        lambda: lock_subject(keys[0]),
        prepare(workflow, keys),
        lambda: what_comes_later(workflow, keys),
    )


def test_retention_leaves_what_somebody_works_on_to_the_next_run_and_keeps_nobody_from_the_survey(workflow):
    judged, answered, free, _ = keys = [each.pk for each in subjects_of(workflow)]
    run = settle_as_bogus(workflow, keys[:3])
    retention = beside(lambda: _mark(run, ("2x1x8x8-float32", 0), keys[:3], TrainedOn(workflow.survey)))
    with transaction.atomic():
        lock_subject(judged)
        lock_entries(workflow, [answered])
        retention.start()
        wait_until_somebody_waits(retention)
        assert not retention.is_alive()
    assert list(Subject.objects.exclude(pixels_dropped_at=None).values_list("pk", flat=True)) == [free]


def test_imported_lines_and_a_comparison_with_known_objects_take_turns(workflow, tmp_path):
    subject = subjects_of(workflow)[0]
    Subject.objects.update(kind="cutout", zarr_array="1x1x8x8-float32")
    Workflow.objects.update(line_marking=True)
    compare_with_known_objects(workflow, [subject.pk])
    line = {"toolIndex": 0, "toolType": "line", "frame": 0, "x1": 2, "y1": 2, "x2": 5, "y2": 5}
    drawn = [{"task": "T0", "value": "Yes"}, {"task": "T2", "value": [line]}]
    row = panoptes_row(1, "ann", subject.external_id, annotations=json.dumps(drawn))
    path = write_csv(tmp_path / "answers.csv", [row])
    choices = Choices(**PANOPTES.stored() | {"lines_task": "T2"})

    def compare():
        lock_subject(subject.pk)
        IdentityCheck.objects.update(unmatched=0)

    assert nobody_waits_in_a_circle(
        compare,
        lambda: imported(Workflow.objects.get(), path, choices),
        lambda: lock_entries(workflow, [subject.pk]),  # to make the subject gold
    )
    assert Mark.objects.exists()
    assert not IdentityCheck.objects.exists()
