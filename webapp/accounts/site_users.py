"""The site's accounts, as its administrators manage them: find, suspend, promote, reset what signs them in, erase.

At least one administrator can always sign in.
"""

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from webapp.accounts.delete_account import delete_account
from webapp.accounts.models import ApiToken
from webapp.accounts.sessions import end_sessions
from webapp.community.news_mail import mail_is_sent


def search_users(search: str) -> QuerySet[User]:
    """Return the accounts with the words in their user names or addresses, in alphabetical order."""
    rows = User.objects.order_by("username")
    for word in search.replace("\0", "").split()[:5]:
        rows = rows.filter(Q(username__icontains=word) | Q(email__icontains=word))
    return rows


@transaction.atomic
def set_active(*, user: User, is_active: bool, by: User) -> None:
    """Suspend an account, which ends its sessions and tokens for good, or let it sign in again.

    Raises
    ------
    PermissionDenied
        `by` is no administrator, or has just been suspended or demoted. Nothing is changed.
    ValidationError
        No administrator would be left. Nothing is changed.
    """
    row = _locked(user, by)
    if not is_active:
        _check_another_administrator(row)
        end_sessions(row)
        ApiToken.objects.filter(user=row).delete()
    row.is_active = is_active
    row.save(update_fields=["is_active"])


@transaction.atomic
def set_administrator(*, user: User, is_administrator: bool, by: User) -> None:
    """Make an account an administrator of the site, or end that; raises as `set_active` does."""
    row = _locked(user, by)
    if not is_administrator:
        _check_another_administrator(row)
    elif not row.is_active:
        raise ValidationError(_("A suspended account can't be an administrator. Lift the suspension first."))
    row.is_superuser = is_administrator
    row.save(update_fields=["is_superuser"])


def remove_second_factors(*, user: User, by: User) -> None:
    """Turn off two-factor sign-in for somebody who has lost theirs, and tell them by mail; raises as `set_active` does.

    Their API tokens end too, since those from before the second factor would otherwise work again.
    """
    with transaction.atomic():
        row = _locked(user, by)
        Authenticator.objects.filter(user=row).delete()
        ApiToken.objects.filter(user=row).delete()
    get_adapter().send_notification_mail("mfa/email/totp_deactivated", row)


@transaction.atomic
def erase(*, user: User, by: User, keep_answers: bool) -> None:
    """Delete an account for somebody who asks for it and can't do so themselves.

    Raises
    ------
    PermissionDenied
        As `set_active` does.
    ValidationError
        It is an administrator's, or deleted already. Nothing is changed.
    """
    row = _locked(user, by)
    if row.is_superuser:
        raise ValidationError(_("This account is an administrator's. End the administration first."))
    end_sessions(row)
    delete_account(user=row, keep_answers=keep_answers)


def reset_password(request: HttpRequest, user: User) -> str:
    """Mail a link by which the user sets a new password; return it to hand over where no mail is sent.

    Raises ValidationError: the account is suspended.
    """
    if not user.is_active:
        raise ValidationError(_("This account is suspended. Lift the suspension first."))
    uid, token = user_pk_to_url_str(user), default_token_generator.make_token(user)
    link: str = get_adapter().get_reset_password_from_key_url(f"{uid}-{token}")
    if not user.email or not mail_is_sent():
        return link
    adapter = get_adapter()
    adapter.raises_if_unsent = True
    content = {"user": user, "username": user.get_username(), "password_reset_url": link, "request": request}
    try:
        adapter.send_password_reset_mail(user, user.email, content)
    except OSError:  # of sockets and SMTP alike
        return link
    return ""


def _locked(user: User, by: User) -> User:
    """Lock the administrators, always in one order, and the account: two administrators must not suspend each other."""
    rows = User.objects.select_for_update(no_key=True).filter(Q(is_superuser=True) | Q(pk=user.pk)).order_by("pk")
    locked = {row.pk: row for row in rows}
    acting = locked.get(by.pk)
    if acting is None or not acting.is_superuser or not acting.is_active:
        raise PermissionDenied(_("Only the site's administrators can do this. Nothing was changed."))
    if user.pk not in locked:
        raise ValidationError(_("This account was deleted. Nothing has changed."))
    return locked[user.pk]


def _check_another_administrator(row: User) -> None:
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=row.pk)
    if row.is_superuser and row.is_active and not others.exists():
        message = _("%(name)s is the only administrator of the site. Make someone else one first. Nothing has changed.")
        raise ValidationError(message % {"name": row})
