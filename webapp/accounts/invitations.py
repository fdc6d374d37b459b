"""Invitations: made by the site's administrators, accepted once with an account, ended or expired."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import User
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts.models import Invitation
from webapp.archive.access import give_at_least
from webapp.archive.models import Role, Survey
from webapp.community.news_mail import mail_is_sent

LASTS = timedelta(days=7)
SALT = "webapp.accounts.invitations"


def invite(*, by: User, email: str = "", survey: Survey | None = None, role: str = "") -> Invitation:
    """Make an invitation; raises ValidationError for a role without a survey, or a survey without a role."""
    row = Invitation(email=email, survey=survey, role=role, invited_by=by, expires_at=timezone.now() + LASTS)
    row.full_clean()
    row.save()
    return row


def open_invitations() -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted: not those of a former administrator."""
    rows = Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())
    rows = rows.filter(invited_by__is_active=True, invited_by__is_superuser=True)
    return rows.select_related("survey", "invited_by")


def link_of(request: HttpRequest, row: Invitation) -> str:
    return request.build_absolute_uri(reverse("invitation", args=[signing.dumps(row.pk, salt=SALT)]))


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation of a link; None for a forged link, or one that was used or has ended."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return open_invitations().filter(pk=pk).first()


def mail_invitation(request: HttpRequest, row: Invitation) -> bool:
    """Send the link; return False if the site sends no mail, or the mail server failed."""
    if not row.email or not mail_is_sent():
        return False
    content: dict[str, Any] = {"invitation": row, "link": link_of(request, row)}
    adapter = get_adapter()
    adapter.raises_if_unsent = True
    try:
        adapter.send_mail("accounts/email/invitation", row.email, content)
    except OSError:  # of sockets and SMTP alike
        return False
    return True


@transaction.atomic
def accept(*, user: User, token: str) -> Invitation:
    """Give the user what the invitation promises; a higher role that they hold already stays.

    Raises ValidationError: the link was used, or has ended. Nothing is changed.
    """
    row = invitation_of(token)
    claimed = Invitation.objects.filter(pk=row.pk, accepted_at=None).update(accepted_at=timezone.now()) if row else 0
    if row is None or not claimed:
        raise ValidationError(_("This link was used already, or has ended. Ask for a new one."))
    if row.survey:
        give_at_least(survey=row.survey, user=user, role=Role(row.role))
    return row


def forget_ended_invitations() -> None:
    """Delete invitations that have ended, with their addresses."""
    Invitation.objects.filter(expires_at__lt=timezone.now()).delete()
