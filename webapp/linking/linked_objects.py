"""One object of what a confirmed link joins, and several again when the link is taken back."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject, Survey
from webapp.learning.models import TestSet
from webapp.learning.test_sets import current_held_out, is_test_group, on_test_side
from webapp.linking.models import LONGEST_REASON, Decision, Links, Proposal, ProposalAction, ProposalEvent


def merge_all(survey: Survey, proposals: QuerySet[Proposal]) -> None:
    """Make the subjects of each link one object; all are locked at once, in the order in which everybody does."""
    groups = Subject.objects.filter(proposals__in=proposals).values("object_group")
    Subject.objects.filter(survey=survey, object_group__in=groups).lock()
    for row in proposals:
        merge(survey, row)  # reads its groups now: a link before it may have joined some of them


def merge(survey: Survey, proposal: Proposal) -> None:
    """Make the subjects of a link one object, so that no split separates them: tested on if any of them was."""
    groups = {row.object_group for row in _subjects_of(proposal)}
    together = Subject.objects.filter(survey=survey, object_group__in=groups)
    together.lock()
    name = _name(survey, groups)
    together.filter(own_group=None).update(own_group=F("object_group"))  # those of an earlier link stay
    together.update(object_group=name)
    _hold_out(survey, groups, name)


def _subjects_of(proposal: Proposal) -> list[Subject]:
    """Return the members of a link, and the tracklet that was made of them; with the first of the same pixels, if any.

    A survey's own tracklet of the same detections is the same object.
    """
    made = proposal.subject
    return [*proposal.members.all(), *(each for each in (made, made and made.duplicate_of) if each is not None)]


def _name(survey: Survey, groups: set[str]) -> str:
    """Choose the group of an object that others become part of: one whose hash has it tested on, whatever its kind."""
    subjects = Subject.objects.filter(survey=survey, object_group__in=groups).observed().gold()
    tested = {group for group in subjects.values_list("object_group", flat=True) if is_test_group(group)}
    return min(tested or _held_out(survey, groups) or groups)


def _held_out(survey: Survey, groups: set[str]) -> set[str]:
    """Return which groups a test set of any kind keeps to itself."""
    found = set[str]()
    for kind in Kind.values:
        tested = on_test_side(survey, current_held_out(survey, kind)).filter(object_group__in=groups)
        found.update(tested.values_list("object_group", flat=True))
    return found


def _hold_out(survey: Survey, groups: set[str], name: str) -> None:
    """Have every test set that keeps one of the groups to itself keep what has become of it, too."""
    for row in TestSet.objects.filter(survey=survey, is_current=True):
        if groups & set(row.groups) - {name}:
            row.groups = sorted({*row.groups, name})
            row.save(update_fields=["groups"])


@transaction.atomic
def take_back(*, survey: Survey, proposal: int, by: User, reason: str) -> None:
    """Take a confirmed link of several nights back; its tracklets are what they were, but for other confirmed links.

    Raises
    ------
    ValidationError
        There is no reason, no such link is confirmed (any more), or what its tracklets were is not known. Nothing is
        changed.
    """
    reason = reason.replace("\0", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise ValidationError(_("Give a reason of up to %(most)d characters.") % {"most": LONGEST_REASON})
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    confirmed = Proposal.objects.filter(run__survey=survey, run__links=Links.TRACKLETS, decision=Decision.CONFIRMED)
    row = confirmed.filter(pk=proposal).first()
    if row is None:
        raise ValidationError(_("This link is not confirmed (any more). Nothing has changed."))
    members = list(row.members.all())
    _refuse_unknown(members)
    Proposal.objects.filter(pk=row.pk).update(decision=Decision.REJECTED, decided_by=by, decided_at=timezone.now())
    ProposalEvent.objects.create(proposal=row, by=by, action=ProposalAction.TAKE_BACK, reason=reason)
    _separate(survey, members)


def _refuse_unknown(members: list[Subject]) -> None:
    """Refuse a link that was confirmed before its tracklets' own groups were kept."""
    if len({member.own_group or member.object_group for member in members}) == 1:
        message = _("This link was confirmed before the site kept what it joined, so it cannot be taken back.")
        raise ValidationError(message)


def _separate(survey: Survey, members: list[Subject]) -> None:
    """Give every subject of an object its own group again, and join what other confirmed links join."""
    groups = {member.object_group for member in members}
    together = Subject.objects.filter(survey=survey, object_group__in=groups)
    keys = together.lock()
    Subject.objects.filter(pk__in=keys, own_group__isnull=False).update(object_group=F("own_group"), own_group=None)
    standing = joining(survey).filter(Q(members__in=keys) | Q(subject__in=keys))
    for row in standing.distinct().order_by("decided_at", "pk"):
        merge(survey, row)


def joining(survey: Survey) -> QuerySet[Proposal]:
    """Return the confirmed links that make one object of several: of tracklets, and of detections with a tracklet."""
    confirmed = Proposal.objects.filter(run__survey=survey, decision=Decision.CONFIRMED)
    return confirmed.filter(Q(run__links=Links.TRACKLETS) | Q(subject__isnull=False))
