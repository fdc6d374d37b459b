"""Both arms of a demonstration start alike: the same subjects in the same order, and crowds that draw alike."""

from dataclasses import replace

import pytest

from tests.integration.world import make_subject
from webapp.archive.models import SubjectSet
from webapp.console.demo.config import ATLAS
from webapp.console.demo.setup import POOL, open_demo_survey, open_demo_workflow
from webapp.console.demo.simulated_crowd import recruit
from webapp.queue.leases import lease_next
from webapp.queue.models import QueueEntry
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
PLAN = replace(ATLAS, kind="tracklet")  # the kind of the test's subjects


@pytest.fixture
def arms():
    survey = open_demo_survey(PLAN)
    members = SubjectSet.objects.create(survey=survey, name=POOL)
    gold = ["AST" if number % 4 == 0 else "" for number in range(120)]
    members.subjects.set([make_subject(survey, f"s-{number}", label) for number, label in enumerate(gold)])
    return [open_demo_workflow(PLAN, survey, arm, seed=1) for arm in ("main", "control")]


def external_ids(workflow, order):
    return list(
        QueueEntry.objects.filter(workflow=workflow).order_by(order).values_list("subject__external_id", flat=True)
    )


def test_the_guided_arm_starts_in_the_order_of_the_control(arms):
    main, control = arms
    assert external_ids(main, "-priority") == external_ids(main, "random_key") == external_ids(control, "random_key")
    assert external_ids(main, "random_key") != external_ids(main, "pk")


def test_members_of_one_name_get_the_same_subjects_in_both_arms(arms):
    lent = []
    for workflow in arms:
        recruit(3, 1, workflow.slug)
        for volunteer in Volunteer.objects.filter(user__username__endswith=f"@{workflow.slug}").order_by("pk"):
            leases = lease_next(volunteer, workflow, 20)
            lent.append(sorted(lease.entry.subject.external_id for lease in leases))
    assert lent[:3] == lent[3:]
    assert lent[0] != lent[1]


def test_each_workflow_has_its_own_accounts(arms):
    for workflow in arms:
        recruit(2, 1, workflow.slug)
    assert Volunteer.objects.filter(is_simulated=True).count() == 4
