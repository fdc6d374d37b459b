"""Housekeeping catches up for a while: other housekeeping waits no longer, and no workflow for another one."""

from datetime import timedelta

import pytest
from django.db.models import F

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus import recompute
from webapp.consensus.models import Skill
from webapp.consensus.recompute import catch_up_all

pytestmark = pytest.mark.django_db


def waiting():
    stale = Skill.objects.filter(revision__gt=F("applied_revision"))
    return [stale.filter(workflow__slug=slug).count() for slug in ("atlas", "ztf")]


def test_a_run_ends_in_time_and_the_next_ones_do_the_rest(monkeypatch):
    for slug in ("atlas", "ztf"):
        workflow = make_workflow(subjects=1, slug=slug)
        for _ in range(3):
            volunteer = make_volunteer()
            vote(volunteer, workflow, subjects_of(workflow)[0])
            Skill.objects.update_or_create(workflow=workflow, volunteer=volunteer, defaults={"revision": 1})
    assert waiting() == [3, 3]
    monkeypatch.setattr(recompute, "WORKING", timedelta(0))
    catch_up_all()
    assert waiting() == [2, 2]
    monkeypatch.undo()
    catch_up_all()
    assert waiting() == [0, 0]
