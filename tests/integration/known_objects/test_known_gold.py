"""A subject becomes gold only where the orbit is surely good enough, and brightness and motion are the object's."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.integration.known_objects.matching import ORBITS, run, waits
from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.world import hand, make_volunteer, recount, vote
from webapp.known_objects.models import IdentityCheck
from webapp.queue.leases import lease_next, release_expired
from webapp.queue.membership import add_to_set, enqueue_subjects
from webapp.queue.models import Lease
from webapp.review.rulings import rule, withdraw_ruling
from webapp.workflow_settings.change_workflow import change_workflow

pytestmark = pytest.mark.django_db
UNCERTAINTY = 105  # the column, from 0


@pytest.fixture
def first(survey):
    """The stamp at the first asteroid's place, in a workflow whose known objects are gold."""
    rows = list(survey.subjects.order_by("pk"))
    sky.queue(sky.workflow(survey, known_objects_are_gold=True), rows)
    return rows[0]


def becomes_gold(row):
    IdentityCheck.objects.all().delete()
    run(row.survey)
    row.refresh_from_db()
    assert row.known_matches.count() == 1
    return row.gold_source == "known orbit"


@pytest.mark.parametrize("uncertainty", [" ", "E", "D", "F"])
def test_an_orbit_of_unknown_error_makes_no_gold(first, tmp_path, uncertainty):
    lines = (ORBITS / "mpcorb.dat").read_text().splitlines()
    lines = [line[:UNCERTAINTY] + uncertainty + line[UNCERTAINTY + 1 :] for line in lines]
    (tmp_path / "unsure").write_text("\n".join(lines))
    call_command("load_orbits", str(tmp_path / "unsure"))
    assert not becomes_gold(first)
    assert first.known_matches.get().orbit_error is None


@pytest.mark.parametrize(("off", "is_gold"), [(-1.9, True), (1.9, True), (-2.1, False), (2.1, False)])
def test_the_magnitude_must_be_the_predicted_one(catalogue, first, off, is_gold):
    assert becomes_gold(first)
    first.mag = first.known_matches.get().magnitude + off
    first.save()
    assert becomes_gold(first) == is_gold


@pytest.mark.parametrize("column", ["fitted_rate", "rate"])
@pytest.mark.parametrize(("allowed", "is_gold"), [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)])
def test_the_rate_must_be_the_predicted_one(catalogue, first, column, allowed, is_gold):
    assert becomes_gold(first)
    predicted = first.known_matches.get().rate
    setattr(first, column, predicted + allowed * max(10, predicted / 4))
    first.save()
    assert becomes_gold(first) == is_gold


def end_leases():
    Lease.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    release_expired()


@pytest.mark.parametrize("began", ["before it was gold", "while it was gold"])
def test_a_subject_that_is_gold_no_longer_is_asked_about_as_often_as_others(catalogue, first, began):
    entry = first.queue_entries.get()
    if began == "before it was gold":
        for _ in range(entry.open_slots):
            lease_next(make_volunteer(), entry.workflow, 1)
        assert becomes_gold(first)
        end_leases()
    else:
        assert becomes_gold(first)
        hand(make_volunteer(), entry.workflow, first.pk)
    first.mag = first.known_matches.get().magnitude + 3
    first.save()
    assert not becomes_gold(first)
    end_leases()
    assert first.queue_entries.get().open_slots == entry.open_slots


def with_same_subjects(first):
    """Return a workflow about the same subjects whose known objects are not gold, without a queue yet."""
    other = sky.workflow(first.survey, slug="other")
    other.subject_sets.set(first.sets.all())
    return other


def test_a_workflow_that_did_not_ask_for_it_goes_on_asking_about_known_objects(catalogue, first):
    assert becomes_gold(first)
    enqueue_subjects(with_same_subjects(first))
    assert not first.queue_entries.get(workflow__slug="other").is_gold
    assert first.queue_entries.get(workflow__known_objects_are_gold=True).is_gold


def test_a_withdrawn_verdict_leaves_a_known_object_where_it_was(catalogue, first):
    other = with_same_subjects(first)
    enqueue_subjects(other)
    assert becomes_gold(first)
    scientist = member(first.survey, "scientist")
    ruling = rule(subject=first, workflow=other, scientist=scientist, verdict="yes")
    withdraw_ruling(ruling=ruling, by=scientist)
    assert not first.queue_entries.get(workflow=other).is_gold
    first.refresh_from_db()
    assert first.gold_source == "known orbit"


def compared_after(first, change):
    """Return whether the subject is gold by its orbit, and in which workflows, after the next hourly comparison."""
    run(first.survey)
    change()
    if waits(first.survey):
        run(first.survey)
    first.refresh_from_db()
    entries = first.queue_entries.filter(is_gold=True).order_by("workflow")
    return first.gold_source, list(entries.values_list("workflow__slug", flat=True))


def save(workflow, sets=None, **settings):
    change_workflow(
        workflow=workflow, by=None, subject_sets=workflow.subject_sets.all() if sets is None else sets, **settings
    )


def test_known_objects_become_gold_once_a_workflow_asks_for_it(catalogue, first):
    other = with_same_subjects(first)
    enqueue_subjects(other)
    both = [first.survey.slug, "other"]
    assert compared_after(first, lambda: save(other, known_objects_are_gold=True)) == ("known orbit", both)


def test_known_objects_are_gold_no_longer_once_no_workflow_asks_for_it(catalogue, first):
    workflow = first.queue_entries.get().workflow
    workflow.subject_sets.set(first.sets.all())
    assert compared_after(first, lambda: save(workflow, known_objects_are_gold=False)) == ("", [])


def test_known_objects_of_a_set_that_joins_later_become_gold(catalogue, first):
    workflow = first.queue_entries.get().workflow
    save(workflow, sets=[], is_active=False)
    assert compared_after(first, lambda: save(workflow, sets=first.sets.all())) == ("known orbit", [workflow.slug])


def test_a_known_object_that_joins_a_set_later_becomes_gold(catalogue, first):
    workflow = first.queue_entries.get().workflow
    [members] = workflow.subject_sets.all()
    members.subjects.remove(first)
    first.queue_entries.all().delete()
    joined = compared_after(first, lambda: add_to_set(first.survey, members.name, [first.pk]))
    assert joined == ("known orbit", [workflow.slug])
    assert not waits(first.survey)


def test_a_subject_that_votes_retired_is_open_once_it_is_gold_as_after_a_recount(catalogue, first):
    workflow = first.queue_entries.get().workflow
    change_workflow(workflow=workflow, by=None, subject_sets=first.sets.all(), method="majority", undo_seconds=0)
    for _ in range(3):
        vote(make_volunteer(), workflow, first, "no")
    assert first.queue_entries.get().is_retired
    assert becomes_gold(first)
    assert not first.queue_entries.get().is_retired
    recount(workflow)
    assert not first.consensus.get().is_retired
