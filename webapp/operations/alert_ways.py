"""The ways by which alerts reach administrators: the log, mail, and a webhook; and a message to try them."""

import json
import logging
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.utils.translation import gettext as _

from webapp.community.news_mail import mail_is_sent

log = logging.getLogger(__name__)

TIMEOUT = 10  # seconds


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: after one the message is no longer sent, and the answer says nothing of it."""

    def redirect_request(self, *_: Any) -> None:
        return None


DIRECTLY = urllib.request.build_opener(_NoRedirects)


def attempt(way: str, subject: str, lines: list[str]) -> str:
    """Send to everyone who is to be told; return why that failed, to try again later, or nothing."""
    try:
        WAYS[way](subject, lines)
    except (InvalidURL, ValueError) as error:  # of malformed addresses: their words repeat parts that may be secret
        why = _("The address is malformed (%(error)s).") % {"error": type(error).__name__}
    except (OSError, HTTPException) as error:  # of sockets, SMTP and HTTP
        why = str(error) or type(error).__name__
    else:
        return ""
    log.warning("An alert could not be sent by %s; the next check tries again: %s", way, why)
    return why


def receivers() -> dict[str, str]:
    """Return who is told by the ways that are set up, besides the log."""
    mail = ", ".join(_addresses()) if mail_is_sent() else ""
    return {way: who for way, who in {"mail": mail, "webhook": _host(settings.ALERT_WEBHOOK)}.items() if who}


def _host(address: str) -> str:
    """Return the host of an address: the rest may be secret."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname and (f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname)
    except ValueError:
        host = ""
    return (host or _("a malformed address")) if address else ""


def try_all() -> dict[str, str]:
    """Send a test message by each way that is set up; return why it failed, or nothing, by way."""
    lines = [_("This is a test. Problems of the site will reach you in this way.")]
    return {way: attempt(way, _("Wanderers: test"), lines) for way in receivers()}


def _log(subject: str, lines: list[str]) -> None:
    log.error("%s: %s", subject, " ".join(lines))


def _addresses() -> list[str]:
    people = get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(email="")
    return list(people.order_by("pk").values_list("email", flat=True))


def _mail(subject: str, lines: list[str]) -> None:
    if addresses := _addresses():
        send_mail(subject, "\n".join(lines) + "\n", None, addresses)


def _call_webhook(subject: str, lines: list[str]) -> None:
    """Post {"text": …}, which Slack, Mattermost and others understand, to ALERT_WEBHOOK."""
    if settings.ALERT_WEBHOOK:
        address, login = _without_login(settings.ALERT_WEBHOOK)
        body = json.dumps({"text": "\n".join([f"{subject}:", *lines])}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310  # checked at the start
        if login:
            request.add_unredirected_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
        DIRECTLY.open(request, timeout=TIMEOUT).close()


def _without_login(address: str) -> tuple[str, str]:
    """Return the address and its `user:password`, apart, for HTTP's Basic authentication."""
    parts = urlsplit(address.strip())
    login, _at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=host).geturl(), unquote(login)


WAYS: dict[str, Callable[[str, list[str]], None]] = {"log": _log, "mail": _mail, "webhook": _call_webhook}
