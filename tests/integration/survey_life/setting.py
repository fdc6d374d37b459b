"""A small survey with three workflows over overlapping sets, its volunteers, and what they should have left behind."""

import uuid
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils import timezone

from tests.integration.world import make_subject, make_volunteer
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.queue.models import Lease
from webapp.volunteers.models import Volunteer
from webapp.workflow_settings.change_workflow import open_workflow

SETS = {"first": "s0 s1 s2 s3 s4 g0", "second": "s3 s4 s5 s6 g0 g1", "gold": "g0 g1"}
GOLD = {"g0": "AST", "g1": "CR"}
ON_ORBIT = "s5"

USUAL = {
    "kind": "tracklet",
    "question": "Real?",
    "follow_ups": {"yes": ["AST"], "no": ["CR"]},
    "training_schedule": [[0, 0.3]],
    "random_fraction": 0.3,
    "accept_threshold": 0.85,
    "reject_threshold": 0.15,
}
WORKFLOWS = {
    "slow": ("first", {"undo_seconds": 600, "min_votes": 2, "max_votes": 4}),
    "quick": (
        "second",
        {"undo_seconds": 0, "method": "majority", "min_votes": 1, "max_votes": 3, "known_objects_are_gold": True},
    ),
    "practice": ("gold", {"undo_seconds": 600, "is_training": True, "method": "swap-one-coin"}),
}


def open_survey():
    """Store a survey whose subjects s0 and s1 show one object, as do s5 and g1, and s5 is on a known orbit."""
    survey = Survey.objects.create(
        slug="atlas", name="ATLAS", classes=["AST", "CR"], positive=["AST"], drop_bogus_after=30, keep_bogus=0
    )
    names = sorted({name for names in SETS.values() for name in names.split()})
    subjects = {name: make_subject(survey, name, GOLD.get(name, "")) for name in names}
    Subject.objects.filter(external_id__in=GOLD).update(gold_source="manifest")
    Subject.objects.filter(external_id__in=["s0", "s1"]).update(object_group="one")
    Subject.objects.filter(external_id__in=["s5", "g1"]).update(object_group="two")
    for name, members in SETS.items():
        SubjectSet.objects.create(survey=survey, name=name).subjects.set([subjects[each] for each in members.split()])
    _match(subjects[ON_ORBIT])
    return survey


def open_workflows(survey):
    sets = {each.name: each for each in survey.subject_sets.all()}
    return [
        open_workflow(survey=survey, slug=slug, name=slug, subject_sets=[sets[chosen]], **USUAL | rules).workflow
        for slug, (chosen, rules) in WORKFLOWS.items()
    ]


def _match(subject):
    catalogue = OrbitCatalogue.objects.create(checksum="orbits", orbits=1, epoch=60000)
    IdentityCheck.objects.create(subject=subject, catalogue=catalogue, detections=2, candidates=1)
    KnownMatch.objects.create(
        subject=subject, designation="Ceres", detections=2, separation=0.1, along=0.1, across=0, orbit_error=0.1,
        rate=1, position_angle=0,
    )  # fmt: skip


def make_people():
    """Return three accounts, a visitor who has answered before, and one who has never done so."""
    return [*map(make_volunteer, ("ann", "bob", "cyd")), make_volunteer(), Volunteer(key=uuid.uuid4())]


def make_scientists():
    return [get_user_model().objects.create(username=name) for name in ("sue", "tom")]


def let_pass(**time):
    """Move everything that happened into the past."""
    ago = timedelta(**time)
    Classification.objects.update(created_at=F("created_at") - ago)
    Lease.objects.update(expires_at=F("expires_at") - ago)
    Consensus.objects.filter(is_retired=True).update(retired_at=F("retired_at") - ago)


def is_undoable(row):
    return row.created_at >= timezone.now() - timedelta(seconds=row.workflow.undo_seconds)
