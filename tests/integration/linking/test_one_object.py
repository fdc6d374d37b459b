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


def test_an_object_that_a_test_set_of_another_kind_keeps_to_itself_stays_there():
    """Stamps of an object may be tested on though its tracklets are not; a link must not bring them into training."""
    survey = sky.survey()
    names = [name for name in (f"b{n}" for n in range(99)) if not test_sets.is_test_group(name)]
    rows = sky.subjects(survey, [True] * 24)
    for row, name in zip(rows, names, strict=False):
        Subject.objects.filter(pk=row.pk).update(object_group=name)
    sky.make_gold(rows, [n % 2 == 0 for n in range(24)])
    kept = max(test_sets.freeze(survey=survey, kind="stamp").groups)
    one, other = sky.subjects(survey, [True] * 2, kind="tracklet", frames=2, prefix="t")
    free = next(name for name in (f"a{n}" for n in range(99)) if not test_sets.is_test_group(name))
    for row, name in ((one, kept), (other, free)):
        Subject.objects.filter(pk=row.pk).update(object_group=name)
    stamp = Subject.objects.get(kind="stamp", object_group=kept)
    link(survey, one, other)
    tested = test_sets.on_test_side(survey, test_sets.current_held_out(survey, "stamp"))
    assert {one, other, stamp} <= set(tested)
