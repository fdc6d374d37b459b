"""A small survey with a queue, and people who answer."""

import uuid
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from webapp.accounts.tokens import make_token
from webapp.archive.models import Frame, Subject, SubjectSet, Survey
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import Submitted, commit_pending, submit
from webapp.consensus.apply_votes import apply_votes
from webapp.consensus.locking import lock_voters
from webapp.consensus.models import Consensus, ConsensusRecompute
from webapp.consensus.recompute import recompute_consensus
from webapp.queue.entries import lock_entries
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


def make_workflow(subjects=10, gold=0, slug="atlas", **fields):
    """Make a survey and a workflow with `subjects` open and `gold` gold ones in its queue, half of the gold a yes."""
    survey, _ = Survey.objects.get_or_create(
        slug="atlas",
        defaults={"name": "ATLAS", "classes": ["AST", "CR"], "positive": ["AST"], "open_metadata": ["site"]},
    )
    members, _ = SubjectSet.objects.get_or_create(survey=survey, name=slug)
    named = {f"{slug}-{i}": "" for i in range(subjects)}
    members.subjects.set(_make_subjects(survey, named | {f"{slug}-g{i}": ("CR", "AST")[i % 2] for i in range(gold)}))
    rules = {
        "random_fraction": 0.0,
        "training_schedule": [[0, 0.0]],
        "follow_ups": {"yes": ["AST"], "no": ["CR"]},
    } | fields
    workflow = Workflow.objects.create(
        survey=survey, slug=slug, name=slug.upper(), kind="tracklet", question="Real?", **rules
    )
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


def make_subject(survey, external_id, gold_label=""):
    return _make_subjects(survey, {external_id: gold_label})[0]


def _make_subjects(survey, gold_labels):
    """Store a subject of two frames for each name."""
    first = Subject.objects.filter(survey=survey).count()
    subjects = Subject.objects.bulk_create(
        Subject(
            survey=survey,
            external_id=external_id,
            kind="tracklet",
            checksum=uuid.uuid5(uuid.NAMESPACE_OID, external_id).hex,
            object_group=external_id,
            zarr_array="2x1x8x8-float32",
            zarr_index=index,
            metadata={"site": "T08", "#truth": "AST", "!filter": "o"},
            gold_label=gold_label,
        )
        for index, (external_id, gold_label) in enumerate(gold_labels.items(), first)
    )
    Frame.objects.bulk_create(
        Frame(subject=subject, position=i, mjd_mid=60000.5 + i / 100, band="o")
        for subject in subjects
        for i in range(2)
    )
    return subjects


def make_volunteer(name=None):
    user = get_user_model().objects.create(username=name) if name else None
    return Volunteer.objects.create(user=user)


def client_of(volunteer):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {make_token(volunteer.user)}")
    return client


def vote(volunteer, workflow, subject, answer="yes", follow_up=""):
    """Answer an assigned subject, and count the answer."""
    subject = getattr(subject, "pk", subject)
    hand(volunteer, workflow, subject)
    given = submit(volunteer, workflow, [Item(uuid.uuid4(), subject, answer, follow_up)])[0]
    go_on(volunteer, workflow)
    given.recorded.classification.refresh_from_db()
    return Submitted(given.recorded, Consensus.objects.filter(workflow=workflow, subject=subject).first())


def hand(volunteer, workflow, subject):
    """Lease the subject to the volunteer, unless they have answered it."""
    entry = QueueEntry.objects.filter(workflow=workflow, subject=subject).first()
    if entry and not standing(workflow).filter(volunteer=volunteer, subject=subject).exists():
        later = timezone.now() + timedelta(minutes=15)
        Lease.objects.get_or_create(volunteer=volunteer, entry=entry, defaults={"reason": "new", "expires_at": later})


@transaction.atomic
def go_on(volunteer, workflow):
    (voter,) = lock_voters(workflow, [volunteer.pk])
    apply_votes(workflow, [(voter, voter.held)], lock_entries(workflow, [row.subject_id for row in voter.held]))


def end_grace():
    """End the undo time of all answers, and run the scheduled task; return how many counted."""
    Classification.objects.held_back().update(created_at=timezone.now() - timedelta(hours=1))
    return commit_pending()


def recount(workflow):
    """Recompute everything, as a worker does after a rule change."""
    recompute_consensus(ConsensusRecompute.objects.claim(ConsensusRecompute.objects.create(workflow=workflow).pk))


def entry_of(workflow, subject):
    return QueueEntry.objects.get(workflow=workflow, subject=getattr(subject, "pk", subject))


def subjects_of(workflow, gold=False):
    entries = QueueEntry.objects.filter(workflow=workflow, is_gold=gold).order_by("subject")
    return [entry.subject for entry in entries.select_related("subject__survey")]


def standing(workflow):
    return Classification.objects.standing().filter(workflow=workflow)
