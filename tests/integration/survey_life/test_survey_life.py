"""Whatever happens in a survey, in whatever order, counters, skills, queue and credits follow from the answers."""

from collections import defaultdict

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from tests.integration.survey_life.follows import Follows, state
from tests.integration.survey_life.oracle import Oracle
from tests.integration.survey_life.setting import make_people, make_scientists, open_survey, open_workflows
from tests.integration.survey_life.staff import Staff
from tests.integration.survey_life.volunteers import Volunteers
from tests.integration.world import recount
from webapp.archive.models import Subject
from webapp.community.models import Discovery
from webapp.core.sql import fetch
from webapp.queue.models import Lease
from webapp.workflows.models import Workflow


class SurveyLife(Follows, Volunteers, Staff, RuleBasedStateMachine):
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
        self.computed_is_exact(oracle)
        assert set(Discovery.objects.values_list("volunteer", "workflow", "subject")) == self.credits

    def no_answer_is_lost_or_counted_twice(self, oracle):
        names = ("volunteer_id", "workflow_id", "subject_id", "answer", "follow_up")
        assert {row.pk: tuple(getattr(row, name) for name in names) for row in oracle.standing} == self.said
        assert len({value[:3] for value in self.said.values()}) == len(self.said)


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_all_follows_from_the_answers():
    run_state_machine_as_test(SurveyLife, settings=settings(max_examples=6, stateful_step_count=30, deadline=None))
