"""One object of what a confirmed link joins, and several again when the link is taken back."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject, Survey
from webapp.learning.test_sets import current_held_out, on_test_side
from webapp.linking.models import LONGEST_REASON, Decision, Links, Proposal, ProposalAction, ProposalEvent


def merge_all(survey: Survey, proposals: QuerySet[Proposal]) -> None:
    """Make the subjects of each link one object; all are locked at once, in the order in which everybody does."""
    groups = Subject.objects.filter(proposals__in=proposals).values("object_group")
    Subject.objects.filter(survey=survey, object_group__in=groups).lock()
    for row in proposals:
        merge(survey, row)  # reads its groups now: a link before it may have joined some of them


def merge(survey: Survey, proposal: Proposal) -> None:
    """Make the subjects of a link one object, so that no split separates them: tested on if any of them was."""
    groups = {row.object_group for row in proposal.members.all()}
    together = Subject.objects.filter(survey=survey, object_group__in=groups)
    together.lock()
    name = _name(survey, groups)
    together.filter(own_group=None).update(own_group=F("object_group"))  # those of an earlier link stay
    together.update(object_group=name)


def _name(survey: Survey, groups: set[str]) -> str:
    tested = on_test_side(survey, current_held_out(survey, Kind.TRACKLET)).filter(object_group__in=groups)
    return min(set(tested.values_list("object_group", flat=True)) or groups)


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
    standing = Proposal.objects.filter(run__links=Links.TRACKLETS, decision=Decision.CONFIRMED, members__in=keys)
    for row in standing.distinct().order_by("decided_at", "pk"):
        merge(survey, row)
