"""Starting a search for links, and deciding on its proposals; needs no science, so pages may import it."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject, Survey
from webapp.core.jobs import JobState
from webapp.linking.linked_objects import merge_all
from webapp.linking.models import Decision, LinkRun, Links, Proposal, ProposalAction, ProposalEvent, TrackletBuild

ACTION = {Decision.CONFIRMED: ProposalAction.CONFIRM, Decision.REJECTED: ProposalAction.REJECT}


def detections(survey: Survey, first: float, last: float) -> QuerySet[Subject]:
    """Return the stamps of a time span that may be detections of movers, and are in no confirmed tracklet."""
    return _placed(survey, Kind.STAMP, first, last).exclude(Exists(_tracklets(survey).filter(members=OuterRef("pk"))))


def _tracklets(survey: Survey) -> QuerySet[Proposal]:
    """Return the confirmed links of detections, except those whose images make no tracklet."""
    return Proposal.objects.filter(
        run__survey=survey, run__links=Links.DETECTIONS, decision=Decision.CONFIRMED, problem=""
    )


def tracklets(survey: Survey, first: float, last: float) -> QuerySet[Subject]:
    """Return the tracklets of a time span that may be movers."""
    return _placed(survey, Kind.TRACKLET, first, last)


def _placed(survey: Survey, kind: Kind, first: float, last: float) -> QuerySet[Subject]:
    """Return originals with a time and a position, without those of a class that is no mover."""
    bogus = ["no", *(name for name in survey.classes if name not in survey.positive)]
    rows = (
        Subject.objects.originals()
        .observed()
        .with_pixels()
        .filter(survey=survey, kind=kind, mjd__gte=first, mjd__lt=last)
    )
    return rows.filter(ra__isnull=False, dec__isnull=False).exclude(gold_label__in=bogus)


def start_linking(*, survey: Survey, by: User, **values: Any) -> LinkRun:
    """Start a search; raises ValidationError for values out of range, or while another search is open."""
    row = LinkRun(survey=survey, requested_by=by, **values)
    row.full_clean(validate_constraints=False)
    if not row.min_rate < row.max_rate:
        raise ValidationError({"max_rate": _("The fastest must be faster than the slowest.")})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError(_("A search for links is open already; wait until it finishes.")) from error
    row.enqueue()
    return row


@transaction.atomic
def decide(*, survey: Survey, proposals: Sequence[int], by: User, decision: Decision) -> int:
    """Confirm or reject open proposals; return how many. Confirmed detections become a tracklet in the background.

    Open proposals that share a detection with a confirmed one are rejected with it.

    Raises
    ------
    ValidationError
        None is chosen or still open, or two confirmed proposals would share a detection. Nothing is changed.
    """
    if not proposals:
        raise ValidationError(_("Choose at least one link."))
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)
    rows = Proposal.objects.filter(run__survey=survey, pk__in=proposals, decision=Decision.OPEN)
    keys = list(rows.values_list("pk", flat=True))
    if not keys:
        raise ValidationError(_("Somebody has decided on these links already. Nothing has changed."))
    _decide(keys, decision, by)
    if decision != Decision.CONFIRMED:
        return len(keys)
    _refuse_shared(survey, keys)
    _reject_rivals(survey, keys, by)
    merge_all(survey, Proposal.objects.filter(pk__in=keys, run__links=Links.TRACKLETS))
    if Proposal.objects.filter(pk__in=keys, run__links=Links.DETECTIONS).exists():
        builds = TrackletBuild.objects.select_for_update()  # no worker begins a waiting one before this is committed
        job, _created = builds.get_or_create(survey=survey, state=JobState.QUEUED)
        job.enqueue()
    return len(keys)


def _decide(keys: Sequence[int], decision: Decision, by: User) -> None:
    Proposal.objects.filter(pk__in=keys).update(decision=decision, decided_by=by, decided_at=timezone.now())
    ProposalEvent.objects.bulk_create(ProposalEvent(proposal_id=key, by=by, action=ACTION[decision]) for key in keys)


def _refuse_shared(survey: Survey, keys: list[int]) -> None:
    confirmed = _tracklets(survey).filter(members__proposals__in=keys)
    shared = confirmed.values("members").annotate(times=Count("pk", distinct=True)).filter(times__gt=1)
    if shared.exists():
        name = Subject.objects.get(pk=shared[0]["members"])
        message = _("%(subject)s is in two confirmed tracklets. Confirm one of them; nothing has changed.")
        raise ValidationError(message % {"subject": name})


def _reject_rivals(survey: Survey, keys: list[int], by: User) -> None:
    of_detections = Proposal.objects.filter(run__survey=survey, run__links=Links.DETECTIONS)
    taken = of_detections.filter(pk__in=keys).values("members")
    rivals = of_detections.filter(decision=Decision.OPEN, members__in=taken).distinct()
    _decide(list(rivals.values_list("pk", flat=True)), Decision.REJECTED, by)


@transaction.atomic
def reopen(*, survey: Survey, proposal: int, by: User) -> bool:
    """Put a rejected proposal back among the open ones; return whether it was rejected."""
    rejected = Proposal.objects.filter(run__survey=survey, pk=proposal, decision=Decision.REJECTED)
    if not rejected.update(decision=Decision.OPEN, decided_by=None, decided_at=None):
        return False
    ProposalEvent.objects.create(proposal_id=proposal, by=by, action=ProposalAction.REOPEN)
    return True
