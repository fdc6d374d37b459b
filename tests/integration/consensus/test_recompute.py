"""Live sums equal a full recomputation from all votes, after any history."""

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.integration.world import end_grace, make_volunteer, make_workflow, recount, subjects_of
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit, undo
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.consensus.skills import truth_changed
from webapp.queue.models import QueueEntry

METHODS = st.sampled_from(["majority", "swap-one-coin", "swap-two-coin"])
COUNTS = ("votes_yes", "votes_no", "votes_unsure", "follow_ups", "log_odds_micronats", "posterior", "method")

people = st.integers(0, 4)
subjects = st.integers(0, 7)  # five that are open, and three of known class
steps = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), people, subjects, st.sampled_from(["yes", "no", "unsure"])),
        st.tuples(st.just("undo"), people),
        st.tuples(st.just("truth"), subjects, st.sampled_from(["AST", "CR"])),
        st.tuples(st.just("grace")),
        st.tuples(st.just("schedule")),
    ),
    max_size=40,
)


def state(workflow):
    """Everything computed from standing votes, exactly: sums, queue and records."""
    sums = Consensus.objects.filter(workflow=workflow).order_by("subject")
    entries = QueueEntry.objects.filter(workflow=workflow).order_by("subject")
    records = Skill.objects.filter(workflow=workflow).order_by("volunteer")
    weights = Classification.objects.standing().filter(workflow=workflow).order_by("pk")
    return (
        list(sums.values_list("subject", *COUNTS, "is_retired", "retired_reason")),
        list(entries.values_list("subject", "open_slots", "is_retired")),
        [(each.volunteer_id, each.counts()) for each in records if any(map(any, each.counts()))],
        list(weights.values_list("pk", "log_odds_micronats", "count_order", "is_counted")),
    )


class Life:
    """A workflow and five people, for random histories."""

    def __init__(self, method):
        rules = {"min_votes": 2, "max_votes": 4, "accept_threshold": 0.9, "reject_threshold": 0.1, "undo_seconds": 600}
        self.workflow = make_workflow(subjects=5, gold=3, method=method, **rules)
        self.people = [make_volunteer() for _ in range(5)]
        self.subjects = subjects_of(self.workflow) + subjects_of(self.workflow, gold=True)
        self.given = {number: [] for number in range(5)}

    def answer(self, person, subject, answer):
        item = Item(uuid.uuid4(), self.subjects[subject].pk, answer)
        (submitted,) = submit(self.people[person], self.workflow, [item])
        if submitted.recorded.is_new:
            self.given[person].append(item.id)

    def undo(self, person):
        if self.given[person]:
            undo(self.people[person], self.given[person].pop())

    def truth(self, subject, label):
        self.subjects[subject].gold_label = label
        self.subjects[subject].save()
        truth_changed([self.subjects[subject].pk])

    def grace(self):
        end_grace()
        self.given = {number: [] for number in range(5)}  # too late to undo any

    def schedule(self):
        catch_up(self.workflow)


class Recomputing(TestCase):
    @settings(max_examples=20)
    @given(METHODS, steps)
    def test_live_sums_are_those_of_weighing_and_adding_up_anew(self, method, happened):
        life = Life(method)
        for what, *how in happened:
            getattr(life, what)(*how)
        catch_up(life.workflow)
        live = state(life.workflow)
        recount(life.workflow)
        assert state(life.workflow) == live
        Consensus.objects.all().delete()
        Skill.objects.all().delete()
        Classification.objects.update(log_odds_micronats=None)
        recount(life.workflow)
        assert state(life.workflow) == live
