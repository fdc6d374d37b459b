"""Beat announces what is due, also after the clock was set back."""

from datetime import timedelta

import pytest
from django.conf import settings

from tasks.beat import Scheduler, app


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    monkeypatch.setattr("tasks.beat._report", lambda: None)
    made = Scheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    made.announced = []
    made.apply_entry = lambda entry, producer=None: made.announced.append(entry.name)
    made.setup_schedule()
    yield made
    made.close()


def age(scheduler, by):
    """Let all have run so long ago, as the clock says now."""
    for entry in scheduler.schedule.values():
        entry.last_run_at -= by


def test_what_is_due_is_announced_after_the_clock_was_set_back(scheduler):
    age(scheduler, timedelta(hours=-1))
    scheduler.tick()
    assert scheduler.announced == []
    both = timedelta(seconds=settings.CELERY_BEAT_SCHEDULE["housekeeping"]["schedule"])
    age(scheduler, both)
    scheduler._heap = None  # time has passed
    while scheduler.tick() == 0:
        pass
    assert sorted(scheduler.announced) == ["housekeeping", "sweep"]
