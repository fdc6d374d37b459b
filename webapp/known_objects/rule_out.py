"""Scientists rule out a known object near a subject: a chance neighbour must not keep a mover from being reported."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from webapp.archive.models import Subject
from webapp.known_objects.gold import make_gold
from webapp.known_objects.models import SEARCHED, IdentityCheck, KnownMatch, RuledOutMatch


class NotOneObject(ValueError):
    """The subject is a large image or a cube, whose detections are objects of their own."""


@transaction.atomic
def rule_out(*, match: KnownMatch, by: User, note: str = "") -> None:
    """Record that the match's subject is not its object; without another candidate, the subject is unidentified.

    The caller must check the permission. Ruling out twice changes nothing.

    Raises
    ------
    NotOneObject
        The subject may show several objects. Nothing is stored.
    """
    if match.subject.kind in SEARCHED:
        raise NotOneObject
    RuledOutMatch.objects.get_or_create(
        subject=match.subject, designation=match.designation, taken_back_at=None, defaults={"by": by, "note": note}
    )
    apply_ruled_out([match.subject_id])


@transaction.atomic
def take_back(*, match: KnownMatch) -> None:
    """Let the object be a candidate again; the caller must check the permission."""
    standing = RuledOutMatch.objects.filter(taken_back_at=None)
    standing.filter(subject=match.subject_id, designation=match.designation).update(taken_back_at=timezone.now())
    apply_ruled_out([match.subject_id])


def apply_ruled_out(subjects: Collection[int]) -> None:
    """Mark the matches of subjects that scientists ruled out, count the rest, and let gold follow.

    Call it in a transaction. It locks the subjects, so a comparison and a scientist take turns.
    """
    Subject.objects.filter(pk__in=subjects).lock()
    matches = KnownMatch.objects.filter(subject__in=subjects)
    standing = RuledOutMatch.objects.filter(
        subject=OuterRef("subject"), designation=OuterRef("designation"), taken_back_at=None
    )
    changed = set(matches.filter(Exists(standing)).values_list("subject", flat=True))
    changed |= set(matches.filter(is_ruled_out=True).values_list("subject", flat=True))
    matches.filter(subject__in=changed).update(is_ruled_out=Exists(standing))
    for check in IdentityCheck.objects.filter(subject__in=changed):
        check.candidates = matches.filter(subject=check.subject_id, is_ruled_out=False).count()
        check.unmatched = 0 if check.candidates else check.detections
        check.save(update_fields=["candidates", "unmatched"])
    make_gold(subjects)
