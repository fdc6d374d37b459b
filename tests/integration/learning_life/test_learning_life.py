"""Whatever people do, and however workers die, the rows of the learning loop agree with each other."""

import os
from random import Random

import pytest

import tasks.jobs
import tasks.learning.first_batch
import tasks.learning.score_shard
import tasks.learning.train  # noqa: F401 - registers its task
from tests.conftest import _empty_tables
from tests.integration.learning_life.oracle import Oracle
from tests.integration.learning_life.people_steps import PeopleSteps
from tests.integration.learning_life.small_site import SmallSite, stand_in
from tests.integration.learning_life.worker_steps import WorkerSteps

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 20
OFTEN = {
    "train": 6,
    "deliver": 6,
    "vote": 2,
    "work_off": 2,
    "promote": 2,
    "sweep": 2,
    "wait": 2,
    "schedule": 3,
    "freeze": 2,
}
SELDOM = (
    "give_verdicts", "withdraw_verdict", "link", "arrive", "start", "cancel", "roll_back", "score_archive",
    "retry", "register_scorer", "evaluate_scorer", "revoke_scorer", "lose_messages", "clean_up", "break_disk",
    "leave_scorer",
)  # fmt: skip
WEIGHTS = dict.fromkeys(SELDOM, 1) | OFTEN


class History(PeopleSteps, WorkerSteps):
    """A learning loop's life, drawn by its number; Hypothesis would repeat few of so many steps."""

    def __init__(self, number):
        self.chance, self.done = Random(number), []
        self.site = SmallSite(f"sky{number}")

    def live(self):
        known = {"sets": set(), "evaluations": set(), "frozen": None, "leader": None, "mine": set()}
        for number in range(30, 40):
            self.site.vote(number, 0, ("yes", "no")[number % 2])
        for name in self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS):
            self.done.append(name)
            getattr(self, name)()
            Oracle(self.site).check(known, with_triggers=len(self.done) % 4 == 0)
        self.settle()
        Oracle(self.site).check(known)
        Oracle(self.site).check_settled()


def test_the_rows_of_a_learning_loop_agree_whatever_happens(monkeypatch, tasks_in_the_tests_transaction):
    """Set EXAMPLES for a longer search, and FIRST to begin it with another history."""
    stand_in(monkeypatch)
    first = int(os.environ.get("FIRST", "0"))
    for number in range(first, first + int(os.environ.get("EXAMPLES", "3"))):
        history = History(number)
        try:
            history.live()
        except BaseException as error:
            error.add_note(f"In history {number}: {', '.join(history.done)}.")
            raise
        _empty_tables(None)
