"""Who gave an answer elsewhere: a volunteer here without an account, the same for the same name of the same source.

The name itself is not kept. It cannot be told from the volunteer's key without the site's secret.
"""

from collections.abc import Collection
from uuid import UUID

from django.utils.crypto import salted_hmac

from webapp.review.exchange.pseudonym import pseudonym
from webapp.volunteers.models import Volunteer, Workflow

SALT = "webapp.review.intake.people"


def own_people(workflow: Workflow) -> dict[str, int]:
    """Return by pseudonym the volunteers who have answered here: a file that we wrote ourselves names them so."""
    answered = Volunteer.objects.filter(classifications__workflow=workflow).distinct()
    rows = answered.values_list("pk", "key", "user").iterator(2000)
    return {pseudonym(key, user is not None).user_name: pk for pk, key, user in rows}


def volunteers_of(source: str, users: Collection[str], own: dict[str, int]) -> dict[str, int]:
    """Return by name the volunteers of a source, made where they are new."""
    keys = {user: _key(source, user) for user in users if user not in own}
    Volunteer.objects.bulk_create([Volunteer(key=key) for key in sorted(keys.values())], ignore_conflicts=True)
    found = dict(Volunteer.objects.filter(key__in=keys.values()).values_list("key", "pk"))
    return {user: own[user] if user in own else found[keys[user]] for user in users}


def _key(source: str, user: str) -> UUID:
    return UUID(bytes=salted_hmac(SALT, f"{source}\n{user}", algorithm="sha256").digest()[:16], version=4)
