"""A rule change affects existing votes, through an idempotent job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import jobs
from tests.integration.people import HTMX, browser, member
from tests.integration.world import entry_of, make_subject, make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus.models import Consensus, ConsensusRecompute
from webapp.core.jobs import JobState
from webapp.queue.leases import lease_next, release_expired
from webapp.queue.models import Lease
from webapp.workflow_settings.change_workflow import change_workflow
from webapp.workflow_settings.forms import WorkflowForm
from webapp.workflows.models import RULES, Workflow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_in_the_tests_transaction")]


@pytest.fixture
def workflow():
    return make_workflow(subjects=4, gold=1, method="majority", min_votes=2, max_votes=5, majority=0.8)


def change(workflow, **changes):
    workflow.refresh_from_db()
    settings = {name: getattr(workflow, name) for name in (*WorkflowForm.Meta.fields, "follow_ups")} | changes
    return change_workflow(workflow=workflow, subject_sets=list(workflow.subject_sets.all()), by=None, **settings)


def voted(workflow, subject, *answers):
    for number, answer in enumerate(answers):
        vote(make_volunteer(f"{subject.pk}-{number}"), workflow, subject, answer)


def test_other_rules_settle_subjects_or_open_them_again(workflow):
    twice, thrice, *_ = subjects_of(workflow)
    voted(workflow, twice, "yes", "yes")
    voted(workflow, thrice, "yes", "no", "yes")
    assert [entry_of(workflow, each).is_retired for each in (twice, thrice)] == [True, False]
    saved = change(workflow, min_votes=3, majority=0.6)
    jobs.recompute(saved.recount.pk)
    assert [entry_of(workflow, each).is_retired for each in (twice, thrice)] == [False, True]
    saved.recount.refresh_from_db()
    assert (saved.recount.state, saved.recount.message) == (JobState.DONE, "1 more retired, 1 reopened.")
    assert (saved.recount.done, saved.recount.total) == (4, 4)
    assert (entry_of(workflow, twice).open_slots, entry_of(workflow, thrice).open_slots) == (1, 1)


def test_subjects_without_votes_are_offered_to_as_many_as_they_need_now(workflow):
    volunteer = make_volunteer("v")
    held = [lease.entry.subject_id for lease in lease_next(volunteer, workflow, 2).leases]
    saved = change(workflow, min_votes=4)
    jobs.recompute(saved.recount.pk)
    open_slots = {subject.pk: entry_of(workflow, subject).open_slots for subject in subjects_of(workflow)}
    assert [open_slots[subject] for subject in held] == [3, 3]
    assert sorted(open_slots.values()) == [3, 3, 4, 4]
    assert not Consensus.objects.exists()


def test_a_subject_that_somebody_holds_is_offered_to_as_many_as_it_needs_once_they_leave(workflow):
    change(workflow, min_votes=3)
    [lease] = lease_next(make_volunteer("v"), workflow, 1).leases
    saved = change(workflow, min_votes=2)  # as many as are open now
    jobs.recompute(saved.recount.pk)
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    release_expired()
    assert entry_of(workflow, lease.entry.subject_id).open_slots == 2


def test_a_vote_that_began_under_the_rules_before_follows_the_new_ones(workflow):
    subject, before = subjects_of(workflow)[0], Workflow.objects.select_related("survey").get()
    saved = change(workflow, min_votes=4)
    jobs.recompute(saved.recount.pk)
    vote(make_volunteer("v"), before, subject)
    assert entry_of(workflow, subject).open_slots == 3


def test_another_method_gives_other_posteriors_and_a_verdict_stays(workflow):
    first, ruled, *_ = subjects_of(workflow)
    voted(workflow, first, "yes")
    Consensus.objects.create(
        workflow=workflow, subject=ruled, posterior=0.5, method="majority", is_retired=True, retired_reason="human"
    )
    workflow.queue.filter(subject=ruled).update(is_retired=True)
    before = Consensus.objects.get(subject=first).posterior
    jobs.recompute(change(workflow, method="swap-two-coin").recount.pk)
    assert Consensus.objects.get(subject=first).method == "swap-two-coin"
    assert Consensus.objects.get(subject=first).posterior != before
    assert Consensus.objects.get(subject=ruled).retired_reason == "human"
    assert entry_of(workflow, ruled).is_retired


def test_only_a_change_of_rule_starts_a_recount_and_a_waiting_one_is_enough(workflow):
    assert change(workflow, question="Is it?", random_fraction=0.5).recount is None
    first = change(workflow, max_votes=6).recount
    assert change(workflow, max_votes=7).recount == first
    jobs.recompute(first.pk)
    assert change(workflow, max_votes=8).recount != first
    assert ConsensusRecompute.objects.count() == 2
    assert {"method", "prior"} < set(RULES)


def test_twice_is_as_once(workflow):
    subject = subjects_of(workflow)[0]
    voted(workflow, subject, "yes", "yes")
    jobs.recompute(change(workflow, min_votes=3).recount.pk)
    once = Consensus.objects.values("posterior", "is_retired", "votes_yes").get()
    job = ConsensusRecompute.objects.create(workflow=workflow)
    jobs.recompute(job.pk)
    job.refresh_from_db()
    assert job.message == "0 more retired, 0 reopened."
    assert Consensus.objects.values("posterior", "is_retired", "votes_yes").get() == once


def test_the_page_says_how_far_it_is(workflow):
    page = browser(member(workflow.survey, "admin"))
    make_subject(workflow.survey, "late")
    change(workflow, min_votes=3)
    assert "Waiting for a worker" in page.get("/surveys/atlas/workflows/atlas/").content.decode()
    ConsensusRecompute.objects.update(state=JobState.RUNNING, done=1, total=5)
    part = page.get("/surveys/atlas/workflows/atlas/queue/", headers=HTMX).content.decode()
    assert "1 of 5 subjects" in part
    assert "hx-get" in part
    ConsensusRecompute.objects.update(state=JobState.FAILED, error="The disk is full.")
    part = page.get("/surveys/atlas/workflows/atlas/queue/", headers=HTMX).content.decode()
    assert "The disk is full. No votes are lost." in part
    assert "hx-get" not in part
