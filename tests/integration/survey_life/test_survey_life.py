"""Whatever happens in a survey, in whatever order, counters, skills, queue and credits follow from the answers."""

from collections import defaultdict

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models.functions import Round
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from tests.integration.survey_life.oracle import CELLS, Oracle, reason_to_retire, wanted
from tests.integration.survey_life.setting import make_people, make_scientists, open_survey, open_workflows
from tests.integration.survey_life.staff import Staff
from tests.integration.survey_life.volunteers import Volunteers
from tests.integration.world import recount
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.community.models import Discovery
from webapp.consensus.models import Consensus, Skill
from webapp.core.sql import fetch
from webapp.queue.models import Lease, QueueEntry
from webapp.workflows.models import Workflow

ANSWERS = ("yes", "no", "unsure")
SUMS = (
    *(f"votes_{answer}" for answer in ANSWERS), "follow_ups", "log_odds_micronats", "method",
    "is_retired", "retired_reason",
)  # fmt: skip


class SurveyLife(Volunteers, Staff, RuleBasedStateMachine):
    """The life of a small survey, rolled back at its end."""

    def __init__(self):
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        cache.clear()
        fetch("SELECT setseed(0.5)", [])  # the order of queues can be repeated
        self.survey = open_survey()
        self.workflows = open_workflows(self.survey)
        self.people, self.merged, _ = make_people(), [], make_scientists()
        self.said, self.credits, self.sent, self.assigned = {}, set(), defaultdict(list), defaultdict(set)
        self.published, self.imported, self.done, self.is_match_due = set(), 0, None, True

    def teardown(self):
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def settle(self):
        """Run all that waits: then everything is exact, and the site's own recount changes nothing."""
        self.compare_with_orbits()
        self.work(["hour", "release", "commit", "recount", "catch up"])
        assert not Lease.objects.exists()
        self.all_follows_from_the_answers()
        before = state()
        for workflow in Workflow.objects.select_related("survey"):
            recount(workflow)
        assert state() == before

    def person(self, number):
        return self.people[number % len(self.people)]

    def workflow(self, number):
        return self.by_key(self.workflows[number % len(self.workflows)].pk)

    def by_key(self, pk):
        return Workflow.objects.select_related("survey").get(pk=pk)

    @property
    def subjects(self):
        return list(Subject.objects.select_related("survey").order_by("pk"))

    def subject(self, number):
        return self.subjects[number % len(self.subjects)]

    @invariant()
    def all_follows_from_the_answers(self):
        oracle = Oracle()
        self.no_answer_is_lost_or_counted_twice(oracle)
        self.evidence_and_skills_are_exact(oracle)
        for key, entry in oracle.entries.items():
            self.entry_is_right(oracle, key, entry)
        for key in {*oracle.sums, *oracle.consensus, *oracle.entries}:
            if not oracle.is_waiting(key):
                self.sum_is_exact(oracle, key)
        self.published &= set(oracle.rulings)
        self.nobody_holds_what_they_answered(oracle)
        assert set(Discovery.objects.values_list("volunteer", "workflow", "subject")) == self.credits

    def no_answer_is_lost_or_counted_twice(self, oracle):
        names = ("volunteer_id", "workflow_id", "subject_id", "answer", "follow_up")
        assert {row.pk: tuple(getattr(row, name) for name in names) for row in oracle.standing} == self.said
        assert len({value[:3] for value in self.said.values()}) == len(self.said)

    def evidence_and_skills_are_exact(self, oracle):
        for row in oracle.standing:
            is_old = row.workflow_id in oracle.recounts_due or oracle.is_stale(row.workflow_id, row.volunteer_id)
            if row.is_counted and not is_old:
                assert row.log_odds_micronats == oracle.evidence[row.pk]
        for (workflow, volunteer), skill in oracle.skills.items():
            if not oracle.is_stale(workflow, volunteer):
                cells = {name: getattr(skill, name) for name in CELLS if getattr(skill, name)}
                assert cells == dict(oracle.records[workflow, volunteer])
        assert {key for key, record in oracle.records.items() if record} <= set(oracle.skills)

    def entry_is_right(self, oracle, key, entry):
        row, subject = oracle.consensus.get(key), oracle.subjects[key[1]]
        assert entry.is_retired == (row is not None and row.is_retired)
        assert not entry.is_gold or subject.gold_label
        if key in self.published & set(oracle.rulings):
            assert not entry.is_gold
        if subject.gold_source == "known orbit" and not self.is_match_due:
            assert entry.is_gold == oracle.workflows[key[0]].known_objects_are_gold
        if subject.gold_source == "manifest":
            assert entry.is_gold
        if not entry.is_gold and not entry.is_retired and not oracle.is_waiting(key):
            votes = oracle.sums[key].votes
            assert entry.open_slots == wanted(oracle.workflows[key[0]], votes) - votes - oracle.taken(key)

    def sum_is_exact(self, oracle, key):
        row, total = oracle.consensus.get(key), oracle.sums[key]
        if row is None:
            assert not total.votes
            assert key not in oracle.rulings
            return
        assert {each: getattr(row, f"votes_{each}") for each in ANSWERS} == {e: total.answers[e] for e in ANSWERS}
        assert row.follow_ups == dict(total.follow_ups)
        assert row.log_odds_micronats == total.log_odds
        self.retirement_is_right(oracle, key, row, total)
        if total.votes:
            assert row.posterior == pytest.approx(oracle.posterior(key), abs=1e-9)

    def retirement_is_right(self, oracle, key, row, total):
        if key in oracle.rulings:
            assert (row.is_retired, row.retired_reason) == (True, "human")
        elif oracle.subjects[key[1]].pixels_dropped_at is not None:
            assert row.is_retired
        else:
            entry = oracle.entries[key]
            reason = reason_to_retire(oracle.workflows[key[0]], total, oracle.posterior(key))
            assert row.retired_reason == ("" if entry.is_gold else reason)
            assert row.is_retired == bool(row.retired_reason)
            assert total.votes

    def nobody_holds_what_they_answered(self, oracle):
        answered = {(row.workflow_id, row.volunteer_id, row.subject_id) for row in oracle.standing}
        held = {(row.entry.workflow_id, row.volunteer_id, row.entry.subject_id) for row in oracle.leases}
        assert not answered & held


def state():
    """Everything that is computed. A verdict without votes has the prior itself for a posterior."""
    sums = Consensus.objects.order_by("workflow", "subject").annotate(rounded=Round("posterior", 9))
    entries = QueueEntry.objects.order_by("pk").values_list("pk", "is_gold", "is_retired", "open_slots")
    records = Skill.objects.order_by("workflow", "volunteer").values_list("workflow", "volunteer", "is_trusted", *CELLS)
    return (
        list(sums.values_list("workflow", "subject", "rounded", *SUMS)),
        [(*row, is_retired, None if is_retired else slots) for *row, is_retired, slots in entries],
        [row for row in records if any(row[3:])],
        list(Classification.objects.order_by("pk").values_list("pk", "log_odds_micronats", "is_counted")),
    )


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_all_follows_from_the_answers():
    run_state_machine_as_test(SurveyLife, settings=settings(max_examples=6, stateful_step_count=30, deadline=None))
