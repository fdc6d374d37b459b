"""Who may do what in a survey: add, change and remove its members."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.archive.models.survey import Membership, Role


class MembershipRefused(ValueError):
    """A change of members that cannot be made; the sentence says why and what to do."""


@transaction.atomic
def add_member(*, survey: Survey, username: str, role: Role) -> Membership:
    """Give an account a role in the survey.

    Raises
    ------
    MembershipRefused
        There is no such account, or it has a role already.
    """
    _lock(survey)
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        said = _("No account is called “%(name)s”. They join the site first; then add them here.")
        raise MembershipRefused(said % {"name": username})
    if present := Membership.objects.filter(survey=survey, user=user).first():
        said = _("%(name)s has the role “%(role)s” already. Change it in the list of members.")
        raise MembershipRefused(said % {"name": username, "role": Role(present.role).label})
    return Membership.objects.create(survey=survey, user=user, role=role)


@transaction.atomic
def change_role(*, membership: Membership, role: Role, by: User) -> Membership:
    """Give a member another role; raises MembershipRefused where no admin would be left."""
    row = _locked(membership)
    if role != Role.ADMIN:
        _keep_an_admin(row, by)
    row.role = role
    row.save(update_fields=["role"])
    return row


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """Take a member's role away; raises MembershipRefused where no admin would be left."""
    row = _locked(membership)
    _keep_an_admin(row, by)
    row.delete()


def _lock(survey: Survey) -> None:
    """Let one person at a time change the members: two admins must not demote each other at once."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey.pk)


def _locked(membership: Membership) -> Membership:
    _lock(membership.survey)
    row = Membership.objects.select_related("user", "survey").filter(pk=membership.pk).first()
    if row is None:
        raise MembershipRefused(_("Somebody has just removed this member. Nothing else has changed."))
    return row


def _keep_an_admin(row: Membership, by: User) -> None:
    """Refuse to lose the last admin who can sign in; an administrator of the site may, who can appoint another."""
    admins = Membership.objects.filter(survey=row.survey, role=Role.ADMIN, user__is_active=True)
    if row.role == Role.ADMIN and not by.is_superuser and not admins.exclude(pk=row.pk).exists():
        said = _("%(name)s is the only admin of %(survey)s. Make somebody else an admin first.")
        raise MembershipRefused(said % {"name": row.user, "survey": row.survey})
