"""Three people to be: a volunteer, a scientist and an admin."""

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from webapp.archive.models import Membership, Role, Survey


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    role: str


def make_accounts(surveys: list[Survey]) -> list[Account]:
    """Make (or renew) one account per role, each with a new password and that role in every survey given."""
    return [_account(role, surveys) for role in (Role.VOLUNTEER, Role.SCIENTIST, Role.ADMIN)]


def _account(role: Role, surveys: list[Survey]) -> Account:
    password = secrets.token_urlsafe(9)
    user, _ = get_user_model().objects.get_or_create(username=f"demo-{role}")
    user.set_password(password)
    user.save()
    for survey in surveys:
        Membership.objects.update_or_create(user=user, survey=survey, defaults={"role": role})
    return Account(user.get_username(), password, str(role.label))
