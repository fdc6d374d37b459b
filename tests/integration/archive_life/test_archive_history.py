"""Whatever comes in, in any order, again or half, the archive has each subject once, and its parts agree."""

import os
import sys
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, run_state_machine_as_test

from tests.integration.archive_life.intake_steps import IntakeSteps
from tests.integration.archive_life.oracle import Oracle
from tests.integration.archive_life.people_steps import PeopleSteps
from tests.integration.archive_life.small_archive import Row, SmallArchive
from webapp.linking.models import Decision, Links

pytestmark = pytest.mark.django_db


class Archive(IntakeSteps, PeopleSteps, RuleBasedStateMachine):
    """The life of an archive."""

    folder: Path
    examples = 0

    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        Archive.examples += 1
        self.world = SmallArchive(self.folder / str(Archive.examples))
        self.steps = 0

    def teardown(self):
        if sys.exc_info()[0] is None:
            Oracle(self.world).check(with_exports=True)
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(is_busy=st.booleans())
    def begin(self, is_busy):
        """Begin with an empty archive, or with stamps, tracklets, links between both, and votes."""
        if not is_busy:
            return
        rows = [Row(f"n{number}", "stamp", number, group="g0" if number == 5 else "") for number in range(7)]
        rows += [Row(f"tn{number}", "tracklet", 2 * number, group=f"g{number}") for number in range(4)]
        self.ingest(rows, "a")
        self.propose([0, 1, 2], Links.DETECTIONS)
        self.propose([0, 2], Links.TRACKLETS)
        self.propose([1, 2], Links.TRACKLETS)
        self.decide([0, 1, 2], Decision.CONFIRMED)
        self.settle_as_bogus("n3", 0)

    @invariant()
    def parts_agree(self):
        self.steps += 1
        Oracle(self.world).check(with_exports=self.steps % 5 == 0)


@pytest.fixture
def folder(tmp_path, monkeypatch, settings, tasks_in_the_tests_transaction):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 2)
    monkeypatch.setattr("ml.storage.pixel_store.CHUNK", 4)
    settings.PIXELS, settings.DATA = str(tmp_path / "pixels"), str(tmp_path)
    Archive.folder = tmp_path


def test_the_parts_of_an_archive_agree_whatever_comes_in(folder):
    """Set EXAMPLES for a longer search; a failure is told as it was found, since shrinking one takes minutes."""
    examples = int(os.environ.get("EXAMPLES", "3"))
    few = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Archive, settings=few)
