"""Volunteers, scientists and workers use a small survey at once: no error, no lost answer, and every count is right.

What each thread does is drawn from a seed; how they interleave is not, so a failure tells all that happened. Set
EXAMPLES for a longer search, and SEED for the first history.
"""

import logging
import os
import random
import traceback

import pytest
from django.core.cache import cache

from tests.integration.at_once import at_once
from tests.integration.at_once_life.checks import Checks
from tests.integration.at_once_life.staff import STAFF, WORKERS, without_pixels
from tests.integration.at_once_life.volunteers import VOLUNTEERS
from tests.integration.at_once_life.world import World
from tests.integration.survey_life.setting import let_pass

EXAMPLES, SEED = int(os.environ.get("EXAMPLES", "1")), int(os.environ.get("SEED", "0"))
THREADS = (VOLUNTEERS, VOLUNTEERS, VOLUNTEERS, STAFF, STAFF, WORKERS)
ACTIONS = 14


@pytest.fixture
def deadlocks():
    """Collect the deadlocks after which something was tried again."""
    found, log = [], logging.getLogger("webapp.core.postgresql.retry")
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())
    log.addHandler(handler)
    yield found
    log.removeHandler(handler)


def live(world, part):
    """Let everybody act at once."""

    def run(number):
        rng, actions = random.Random(f"{world.seed} {part} {number}"), THREADS[number]
        for action in rng.choices(list(actions), actions.values(), k=ACTIONS):
            world.act(action, rng)

    at_once(run, *range(len(THREADS)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(SEED, SEED + EXAMPLES))
def test_whatever_happens_at_once_all_follows_from_the_answers(seed, deadlocks):
    cache.clear()
    world = World(seed)
    for part in range(2):
        with without_pixels():
            live(world, part)
        if world.failures or deadlocks:
            pytest.fail("\n".join([world.tell(), *deadlocks]))
        try:
            Checks(world).check()
        except AssertionError:
            pytest.fail(f"{world.tell()}\n{traceback.format_exc()}")
        let_pass(days=40)  # so that pixels may go
