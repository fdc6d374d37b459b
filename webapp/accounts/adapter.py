"""allauth adapter: sign-in rate limits by name and device, news of new devices, the account's language, second factors.

Failed sign-ins are counted by name and address, with a higher limit for a name from all addresses together. A device on
which the owner has signed in before (sessions.py) is counted separately.
"""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.contrib.sites.requests import RequestSite
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml.io.message import Message
from webapp.accounts.merge_visitor import merge
from webapp.accounts.models import ApiToken
from webapp.accounts.sessions import known_device, people_of, remember_device
from webapp.archive.access import NEEDS_SECOND_FACTOR
from webapp.archive.models import Role, lacks_second_factor
from webapp.community.models import Profile
from webapp.community.news_mail import mail_is_sent
from webapp.queue.leases import store_newcomer
from webapp.volunteers.identity import account_volunteer, forget, visitor_or_newcomer

log = logging.getLogger(__name__)

CONFIRMATION = "account/messages/email_confirmation_sent.txt"
UNSENT = "mail_is_unsent"
"""Marks a request whose mail the mail server did not take."""
FACTOR_REMOVED = ("mfa/email/totp_deactivated", "mfa/email/webauthn_removed")


class AccountAdapter(DefaultAccountAdapter):
    """allauth's sign-in, with limits that an attacker cannot use to lock out an account's owner.

    It then keeps the visitor's history, and sets the account's language to the browser's.
    """

    raises_if_unsent = False
    """Whether the caller handles a mail server that is away; else the page says so, and the rest goes on."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        key = self._name(credentials)
        if known_device(request, _login(credentials)) is None:
            self._tried_anywhere = ratelimit.consume(
                request, app="allauth.account", action="login_failed_anywhere", key=key
            )
            if not self._tried_anywhere:
                raise self.validation_error("too_many_login_attempts")

    def post_login(self, request: Any, user: Any, **options: Any) -> Any:
        response = super().post_login(request, user, **options)
        self._tell_of(request, user, is_new=not options.get("signup") and user.pk not in people_of(request))
        if response is not None:
            remember_device(request, response, user)
            merge_visitor_history(request, response, user)
            if language := Profile.objects.filter(user=user).values_list("language", flat=True).first():
                set_language_cookie(response, language)
        if any(lacks_second_factor(user, role) for role in _roles(user)):
            messages.warning(request, NEEDS_SECOND_FACTOR)
        return response

    def _tell_of(self, request: HttpRequest, user: Any, *, is_new: bool) -> None:
        """Log a sign-in; if the device is new to the account, mail its owner."""
        where = self.get_client_ip(request)
        log.info("Account %s signed in from %s%s.", user.pk, where, ", on a new device" if is_new else "")
        if is_new:
            self.send_notification_mail("account/email/new_device", user)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log that somebody was not let in, but not what they typed: it may be a password in the wrong field."""
        super().authentication_failed(request, **credentials)
        log.warning("A sign-in failed, from %s.", self.get_client_ip(request))

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if tried := getattr(self, "_tried_anywhere", None):
            tried.rollback()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        name, device = self._name(credentials), known_device(request, _login(credentials))
        return f"{name} on {device}" if device else f"{name} from {self.get_client_ip(request)}"

    def _name(self, credentials: Any) -> str:
        return _login(credentials).casefold()

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing where the site has no mail server; say so where that does not take the mail.

        Mails name this software, not the site's host, whose address is in the links.
        """
        if not mail_is_sent():
            return
        site = RequestSite(current.request)
        site.name = "Wanderers"
        try:
            super().send_mail(template_prefix, email, {"current_site": site, **context})
        except OSError:  # of sockets and SMTP alike
            if self.raises_if_unsent:
                raise
            log.exception("A mail could not be sent: %s.", template_prefix)
            setattr(current.request, UNSENT, True)
            messages.error(current.request, _("The mail could not be sent: the mail server fails. Try again later."))

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **more: Any) -> None:
        """Tell of a change to what signs in; it has happened, also where the mail server is away.

        A second factor that goes ends the account's API tokens: those from before it would work again.
        """
        if template_prefix in FACTOR_REMOVED:
            ApiToken.objects.filter(user=user).delete()
        self.raises_if_unsent = True
        try:
            super().send_notification_mail(template_prefix, user, *args, **more)
        except OSError:  # of sockets and SMTP alike
            log.exception("Account %s could not be told by mail: %s.", user.pk, template_prefix)

    def add_message(
        self, request: Any, level: int, message_template: str | None = None, *args: Any, **more: Any
    ) -> None:
        """Promise no mail that is not sent."""
        is_sent = mail_is_sent() and not getattr(request, UNSENT, False)
        if is_sent or message_template != CONFIRMATION:
            super().add_message(request, level, message_template, *args, **more)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """allauth's sign-in through other sites; its pages answer 404 where this site offers none."""

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        try:
            return super().get_app(request, provider, client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404(Message("This site offers no such way to sign in.")) from error


def _login(credentials: Any) -> str:
    return str(credentials.get("email") or credentials.get("username") or "")


def set_language_cookie(response: HttpResponseBase, language: str) -> None:
    """Store the language in a cookie."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )


def forget_language(response: HttpResponseBase) -> None:
    """Delete the language cookie, so that the browser's preference applies."""
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")


def merge_visitor_history(request: HttpRequest, response: HttpResponseBase, user: Any) -> None:
    """Move what a visitor did in this browser to the account, say how many answers, and forget the visitor."""
    visitor = visitor_or_newcomer(request)
    if visitor is not None:
        store_newcomer(visitor)
        moved = merge(visitor, account_volunteer(user))
        forget(response)
        if moved:
            kept = ngettext(
                "Your one earlier answer is now on your account.",
                "Your %(count)s earlier answers are now on your account.",
                moved,
            )
            messages.success(request, kept % {"count": intcomma(moved)})


def _roles(user: Any) -> list[str]:
    return [Role.ADMIN] if user.is_superuser else list(user.memberships.values_list("role", flat=True))
