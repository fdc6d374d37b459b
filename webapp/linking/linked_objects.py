"""One object of tracklets that a confirmed link joins, and several again when the link is taken back."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject, Survey
from webapp.learning.test_sets import current_held_out, on_test_side
from webapp.linking.models import (
    LONGEST_REASON,
    Decision,
    Links,
    Proposal,
    ProposalAction,
    ProposalEvent,
    UnlinkedGroup,
)


def merge_all(survey: Survey, proposals: QuerySet[Proposal]) -> None:
    """Make the tracklets of each proposal one object; all are locked at once, in the order in which everybody does."""
    groups = Subject.objects.filter(proposals__in=proposals).values("object_group")
    Subject.objects.filter(survey=survey, object_group__in=groups).lock()
    for row in proposals:
        merge(survey, list(row.members.all()))  # read now: a link before it may have joined some of them


def merge(survey: Survey, members: list[Subject]) -> None:
    """Make tracklets one object, so that no split separates them: on the test side if any of them was there."""
    groups = {row.object_group for row in members}
    together = Subject.objects.filter(survey=survey, object_group__in=groups)
    together.lock()
    UnlinkedGroup.objects.bulk_create(
        [UnlinkedGroup(subject_id=key, object_group=name) for key, name in together.values_list("pk", "object_group")],
        ignore_conflicts=True,  # those of an earlier link stay
    )
    tested = on_test_side(survey, current_held_out(survey, Kind.TRACKLET)).filter(object_group__in=groups)
    name = min(set(tested.values_list("object_group", flat=True)) or groups)
    together.update(object_group=name)


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
    own = dict(UnlinkedGroup.objects.filter(subject__in=members).values_list("subject", "object_group"))
    if len({own.get(member.pk, member.object_group) for member in members}) == 1:
        message = _("This link was confirmed before the site kept what it joined, so it cannot be taken back.")
        raise ValidationError(message)


def _separate(survey: Survey, members: list[Subject]) -> None:
    """Give every tracklet of an object its own group again, and join what other confirmed links join."""
    groups = {member.object_group for member in members}
    together = Subject.objects.filter(survey=survey, object_group__in=groups)
    keys = together.lock()
    own = UnlinkedGroup.objects.filter(subject=OuterRef("pk")).values("object_group")
    together.update(object_group=Coalesce(Subquery(own), F("object_group")))
    standing = Proposal.objects.filter(run__links=Links.TRACKLETS, decision=Decision.CONFIRMED, members__in=keys)
    for row in standing.distinct().order_by("decided_at", "pk"):
        merge(survey, list(row.members.all()))
