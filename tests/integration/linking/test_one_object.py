"""Tracklets that turn out to be one object stay on one side of the split, and judge no model that knows it."""

import pytest

from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, confirm
from tests.integration.people import member
from webapp.archive.models import Subject
from webapp.learning import curate_labels, test_sets, training_sets
from webapp.linking.models import LinkRun, Links, Proposal

pytestmark = pytest.mark.django_db


def link(survey, *subjects):
    """Confirm that tracklets are one object."""
    member(survey, "scientist")
    run = LinkRun.objects.create(survey=survey, links=Links.TRACKLETS, first_mjd=NIGHT, last_mjd=NIGHT + 1)
    proposal = Proposal.objects.create(run=run, mjd=NIGHT, ra=0, dec=0, rate=30, position_angle=0, misfit=1)
    proposal.members.set(subjects)
    confirm(survey, proposal)


def test_a_tested_object_that_was_learnt_from_under_another_name_stays_tested_and_judges_fairly():
    survey = sky.survey()
    workflow = sky.workflow(survey, kind="tracklet")
    sky.make_gold(sky.subjects(survey, [True] * 60, kind="tracklet", frames=2), [n % 2 == 0 for n in range(60)])
    judges = test_sets.frozen_labels(test_sets.freeze(survey=survey, kind="tracklet"))
    model = sky.checkpoint(workflow)
    model.run.training_set = curate_labels.curate(workflow)
    model.run.save()
    learnt = min(curate_labels.labels(workflow), key=lambda label: label.object_group)
    judge = max(judges, key=lambda label: label.object_group)
    both = {learnt.subject_id, judge.subject_id}
    link(survey, *both)
    assert Subject.objects.filter(pk__in=both).values("object_group").distinct().count() == 1
    assert set(judges) - set(training_sets.unseen_by(model, judges)) == {judge}
    assert not {label.subject_id for label in curate_labels.labels(workflow)} & both
