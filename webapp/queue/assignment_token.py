"""Assignment tokens: a signed proof that a subject was assigned to a volunteer, valid beyond the lease.

A lease ends when it expires or its subject is answered. The token does not, so that an answer delayed in a browser
still counts while its subject needs votes (`webapp.classify.record.record`), and nobody can vote on a subject of their
choice.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from django.core.signing import Signer
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from webapp.classifications.models import Classification
from webapp.queue.models import Lease
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

NEWCOMER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DECIMAL = re.compile(r"[0-9]{1,19}")
_signer = Signer(salt="webapp.queue.assignment_token")


class NotAssigned(ValueError):
    """The subject was not assigned to the volunteer; the message names it."""


class AssignedToAnother(ValueError):
    """The subject was assigned to somebody else, who is not signed in."""


def assignment_token(volunteer: int | UUID, workflow: int, subject: int) -> str:
    """Return the signed proof that the subject was assigned to the volunteer.

    A newcomer is identified by the key in their cookie, since they have no row yet.
    """
    return f"{volunteer}:{_signer.signature(f'{volunteer}:{workflow}:{subject}')}"


def check_assignments(volunteer: Volunteer, workflow: Workflow, proofs: Iterable[tuple[int, str]]) -> None:
    """Check (subject, token) of answers; a token may be missing if the volunteer holds or has answered the subject.

    Raises AssignedToAnother: the token is that of another account, which may sign in again. Raises NotAssigned: there
    is neither a true proof nor a lease nor an answer; or the proof is that of a visitor whom the browser no longer
    knows.
    """
    unproven = [subject for subject, proof in proofs if not _proves(volunteer, workflow, subject, proof)]
    if not unproven:
        return
    leases = Lease.objects.held_by(volunteer).filter(entry__workflow=workflow, entry__subject__in=unproven)
    answered = Classification.objects.filter(volunteer_id=volunteer.pk, workflow=workflow, subject__in=unproven)
    known = set(leases.values_list("entry__subject", flat=True)) | set(answered.values_list("subject", flat=True))
    for subject in unproven:
        if subject not in known:
            raise NotAssigned(
                f"Subject {subject} was not handed to whoever asks now. Open the page of “{workflow}” anew; programs"
                " send each answer with the lease that came with its subject."
            )


def _proves(volunteer: Volunteer, workflow: Workflow, subject: int, proof: str) -> bool:
    whose = proof.partition(":")[0]
    if NEWCOMER.fullmatch(whose):
        true = constant_time_compare(proof, assignment_token(UUID(whose), workflow.pk, subject))
        return true and (UUID(whose) == volunteer.key or _merged(volunteer).filter(key=UUID(whose)).exists())
    if not DECIMAL.fullmatch(whose) or not constant_time_compare(
        proof, assignment_token(int(whose), workflow.pk, subject)
    ):
        return False
    if int(whose) == volunteer.pk or _merged(volunteer).filter(pk=int(whose)).exists():
        return True
    if Volunteer.objects.filter(pk=int(whose), user__isnull=False).exists():
        raise AssignedToAnother(f"Subject {subject} was handed to somebody else. Sign in as who answered it.")
    return False


def _merged(volunteer: Volunteer) -> QuerySet[Volunteer]:
    """Return the visitors that were merged into the volunteer."""
    return volunteer.merged.all() if volunteer.pk is not None else Volunteer.objects.none()
