"""Whatever people, orbits and settings do to a survey, in any order, its parts agree with each other."""

import os
import sys

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, run_state_machine_as_test

from tests.integration.desk.oracle import Oracle
from tests.integration.desk.report_steps import ReportSteps
from tests.integration.desk.small_survey import SmallSurvey, orbit_files, use_orbits
from tests.integration.desk.survey_steps import SurveySteps
from tests.integration.desk.verdict_steps import VerdictSteps

pytestmark = pytest.mark.django_db


class Desk(VerdictSteps, ReportSteps, SurveySteps, RuleBasedStateMachine):
    """The life of a survey on the scientists' desk."""

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = SmallSurvey()
        self.steps = 0
        self.world.signed, self.world.refreshed = {}, set()

    def teardown(self):
        if sys.exc_info()[0] is None:
            Oracle(self.world).check()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @invariant()
    def parts_agree(self):
        self.steps += 1
        Oracle(self.world).check(with_lists=self.steps % 4 == 0)

    @initialize(is_busy=st.booleans())
    def begin(self, is_busy):
        """Begin at an empty desk, or with orbits, votes, verdicts and a draft."""
        if not is_busy:
            return
        use_orbits(0)
        self.compare()
        for number, answers in (
            (0, ["yes", "yes"]),
            (3, ["yes", "no"]),
            (8, []),
            (1, ["no", "no", "no"]),
            (2, ["yes"]),
        ):
            self.vote(number, 0, answers)
        for number, workflow, who, verdict in ((3, 0, 0, "yes"), (4, 0, 1, "yes"), (2, 0, 0, "yes"), (0, 1, 1, "yes")):
            self.give(number, workflow, who, (verdict, ""), False)
        self.draft([3, 2], 0)
        self.propose((2, 3))
        self.propose((3, 8))


@pytest.fixture
def orbits(tmp_path, settings, tasks_in_the_tests_transaction):
    settings.DATA, settings.PIXELS = tmp_path, str(tmp_path / "pixels")
    orbit_files(tmp_path)


def test_the_parts_of_a_survey_agree_whatever_happens_on_the_desk(orbits):
    """Set EXAMPLES for a longer search; a failure is told as it was found, since shrinking one takes minutes."""
    examples = int(os.environ.get("EXAMPLES", "6"))
    few = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Desk, settings=few)
