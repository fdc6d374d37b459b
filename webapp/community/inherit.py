"""A visitor signs in: what they kept becomes their account's."""

from webapp.community.models import Discovery, Favourite, Notification
from webapp.volunteers.models import Volunteer


def inherit(visitor: Volunteer, account: Volunteer) -> None:
    """Give the account the visitor's favourites, credits and news; call it in the transaction that merges their votes.

    What both have, the account keeps once.
    """
    has = Favourite.objects.filter(volunteer=account).values("subject")
    Favourite.objects.filter(volunteer=visitor, subject__in=has).delete()
    Favourite.objects.filter(volunteer=visitor).update(volunteer=account)
    for discovery in Discovery.objects.filter(volunteer=visitor):
        Discovery.objects.get_or_create(
            volunteer=account,
            workflow_id=discovery.workflow_id,
            subject_id=discovery.subject_id,
            defaults={"confirmed_at": discovery.confirmed_at},
        )
    Discovery.objects.filter(volunteer=visitor).delete()
    Notification.objects.filter(volunteer=visitor).update(volunteer=account)
