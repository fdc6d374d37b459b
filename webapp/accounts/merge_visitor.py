"""Merge a visitor into the account that they sign in with: classifications, skills, favourites, credits."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from ml.crowd.answer import Answer
from webapp.classifications.models import Classification
from webapp.community.models import Discovery, Favourite, Notification
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.recompute import replay
from webapp.consensus.skills import mark_stale
from webapp.core.postgresql.retry import retry_on
from webapp.guides.guide_texts import merge_tutorial_progress
from webapp.quality.quality_scan import merge_flags
from webapp.queue.entries import entries_of, lock_of_several
from webapp.queue.models import Lease, QueueEntry
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@retry_on(DeadlockDetected)
@transaction.atomic
def merge(visitor: Volunteer, account: Volunteer) -> int:
    """Move the visitor's answers to the account; return how many count.

    If the account has answered the same subject, its own answer stands and the visitor's is withdrawn, so that nobody
    counts twice. Undone answers move too, since they may have revealed the truth. So do the visitor's leases, except of
    subjects that the account has or has answered: the classify page goes on with the same picture. Skills and sums are
    recomputed. Nothing moves twice, nor to an account that was deleted meanwhile.
    """
    rows = Volunteer.objects.select_for_update(no_key=True).filter(pk__in=[visitor.pk, account.pk]).order_by("pk")
    pair = {each.pk: each for each in rows}
    if len(pair) < 2 or any(each.merged_into_id for each in pair.values()) or pair[account.pk].user_id is None:
        return 0
    lock_of_several(entries_of(visitor))
    moved = sum(_merge_in(workflow, visitor, account) for workflow in _workflows(visitor))
    merge_tutorial_progress(visitor, account)
    inherit(visitor, account)
    Volunteer.objects.filter(pk=visitor.pk).update(merged_into=account)
    return moved


def _workflows(visitor: Volunteer) -> list[Workflow]:
    ids = set(Classification.objects.filter(volunteer=visitor).values_list("workflow", flat=True))
    ids |= set(Lease.objects.filter(volunteer=visitor).values_list("entry__workflow", flat=True))
    return list(Workflow.objects.filter(pk__in=ids).order_by("pk"))


def _merge_in(workflow: Workflow, visitor: Volunteer, account: Volunteer) -> int:
    standing = Classification.objects.standing().filter(workflow=workflow)
    theirs = set(standing.filter(volunteer=visitor).values_list("subject", flat=True))
    leased = QueueEntry.objects.filter(workflow=workflow, leases__volunteer=visitor).values_list("subject", flat=True)
    changed = theirs | set(leased)
    undone = Classification.objects.filter(workflow=workflow, volunteer=visitor, withdrawn_at__isnull=False)
    undone.exclude(subject__in=standing.filter(volunteer=account).values("subject")).update(volunteer=account)
    doubled = standing.filter(volunteer=account, subject__in=theirs).values_list("subject", flat=True)
    standing.filter(volunteer=visitor, subject__in=list(doubled)).update(withdrawn_at=timezone.now())
    moved = standing.filter(volunteer=visitor).update(volunteer=account)
    leases = Lease.objects.filter(entry__workflow=workflow)
    leases.filter(volunteer=account, entry__subject__in=theirs).delete()
    answered = standing.filter(volunteer=account).values("subject")
    kept = leases.filter(volunteer=account).values("entry")
    leases.filter(volunteer=visitor).filter(Q(entry__in=kept) | Q(entry__subject__in=answered)).delete()
    leases.filter(volunteer=visitor).update(volunteer=account)
    merge_flags(workflow, visitor, account)
    replay(workflow, [visitor.pk, account.pk])
    recompute_subjects(workflow, changed)
    mark_stale(workflow, [account.pk])  # their other subjects are recomputed later
    return moved


def inherit(visitor: Volunteer, account: Volunteer) -> None:
    """Move the visitor's favourites, credits and news to the account, in the transaction that merges their votes.

    Duplicates are kept once.
    """
    has = Favourite.objects.filter(volunteer=account).values("subject")
    Favourite.objects.filter(volunteer=visitor, subject__in=has).delete()
    Favourite.objects.filter(volunteer=visitor).update(volunteer=account)
    _inherit_credits(visitor, account)
    Notification.objects.filter(volunteer=visitor).update(volunteer=account)


def _inherit_credits(visitor: Volunteer, account: Volunteer) -> None:
    """Move the visitor's credits; where the account has its own or said otherwise, they end with their news."""
    of = {"volunteer": account, "workflow": OuterRef("workflow"), "subject": OuterRef("subject")}
    own, yes = Discovery.objects.filter(**of), Classification.objects.standing().filter(**of, answer=Answer.YES)
    credited = Discovery.objects.filter(volunteer=visitor)
    ended = credited.filter(Exists(own) | ~Exists(yes))
    news = Notification.objects.filter(volunteer=visitor, kind=Notification.Kind.CONFIRMED)
    news.filter(subject__in=ended.values("subject")).delete()
    ended.delete()
    credited.update(volunteer=account)
