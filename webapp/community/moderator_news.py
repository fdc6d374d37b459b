"""News for moderators: new reports and appeals, one unread line a survey; and how much waits for them.

What is settled before somebody reads of it is no news any more.
"""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db.models import F, QuerySet

from webapp.archive.models import Membership, Role, Survey
from webapp.community.models import Appeal, Notification, Report
from webapp.volunteers.identity import account_volunteer, staying


def tell_moderators(*, survey: Survey, kind: str, but: Collection[int | None]) -> None:
    """Tell whoever moderates the survey, except some volunteers, by their keys; without anybody, the site's admins.

    A line that was mailed makes way for a new one, which is mailed again.
    """
    active = User.objects.filter(is_active=True).exclude(volunteer__in=[each for each in but if each])
    members = Membership.objects.at_least(Role.MODERATOR).filter(survey=survey)
    able = active.filter(pk__in=members.values("user")).select_related("volunteer")
    people = list(able) or list(active.filter(is_superuser=True).select_related("volunteer"))
    unread = _unread(survey, kind)
    unread.filter(mail__sent_at__isnull=False).delete()
    told = set(unread.values_list("volunteer", flat=True))
    volunteers = staying({account_volunteer(each).pk for each in people} - told)
    Notification.objects.bulk_create(
        Notification(volunteer_id=each, survey=survey, kind=kind) for each in sorted(volunteers)
    )


def forget_settled(survey: Survey) -> None:
    """Remove unread news of reports or appeals, if none is open any more."""
    if not _open_reports(survey).exists():
        _unread(survey, Notification.Kind.REPORTED).delete()
    if not _open_appeals(survey).exists():
        _unread(survey, Notification.Kind.APPEALED).delete()


def count_open(survey: Survey, moderator: User) -> int:
    """Return how many reports and appeals wait for this moderator: nobody answers their own appeal."""
    appeals = _open_appeals(survey).exclude(action__author__user=moderator)
    keys = appeals.order_by().annotate(key=F("pk")).values("key")
    return _open_reports(survey).order_by().annotate(key=F("pk")).values("key").union(keys, all=True).count()


def _open_reports(survey: Survey) -> QuerySet[Report]:
    return Report.objects.filter(comment__survey=survey, settled_at=None)


def _open_appeals(survey: Survey) -> QuerySet[Appeal]:
    return Appeal.objects.filter(action__survey=survey, is_granted=None)


def _unread(survey: Survey, kind: str) -> QuerySet[Notification]:
    return Notification.objects.filter(survey=survey, kind=kind, read_at=None)
