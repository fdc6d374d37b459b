"""The ways by which alerts reach administrators: the log, mail, and a webhook; and a message to try them."""

import logging
from collections.abc import Callable
from http.client import HTTPException, InvalidURL
from smtplib import SMTPAuthenticationError, SMTPResponseException
from ssl import SSLError
from urllib.error import URLError
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.utils.translation import gettext as _

from webapp.community.news_mail import mail_is_sent
from webapp.operations.webhook import Refused, call_webhook

log = logging.getLogger(__name__)


SETTINGS = {"mail": "EMAIL_URL", "webhook": "ALERT_WEBHOOK"}


def attempt(way: str, subject: str, lines: list[str]) -> str:
    """Send to everyone who is to be told; return why that failed, to try again later, or nothing.

    What the receiver says of it, which may repeat a secret, is not in the log.
    """
    try:
        WAYS[way](subject, lines)
    except (OSError, HTTPException, ValueError) as error:  # of sockets, SMTP and HTTP, or of a malformed address
        why = _why(error)
        log.warning("An alert could not be sent by %s; the next check tries again: %s", way, why)
        check = _("Check the setting %(setting)s.") % {"setting": SETTINGS[way]}
        said = _("It says: %(said)s") % {"said": error.said} if isinstance(error, Refused) and error.said else ""
        return " ".join(filter(None, (why, check, said)))
    return ""


def _why(error: Exception) -> str:
    match error:
        case Refused():
            return _("The receiver answered with HTTP status %(status)s.") % {"status": error.status}
        case SMTPAuthenticationError():
            return _("The mail server refused the user name or the password.")
        case SMTPResponseException():
            return _("The mail server answered with status %(status)s.") % {"status": error.smtp_code}
        case URLError() | SSLError():
            return _("The receiver can't be reached (%(error)s).") % {
                "error": getattr(error.reason, "strerror", None) or error.reason
            }
        case InvalidURL() | ValueError():  # whose words repeat parts of an address that may be secret
            return _("The address is malformed (%(error)s).") % {"error": type(error).__name__}
        case OSError() if error.strerror:
            return _("The receiver can't be reached (%(error)s).") % {"error": error.strerror}
    return f"{str(error) or type(error).__name__}."


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
    if settings.ALERT_WEBHOOK:
        call_webhook(settings.ALERT_WEBHOOK, "\n".join([f"{subject}:", *lines]))


WAYS: dict[str, Callable[[str, list[str]], None]] = {"log": _log, "mail": _mail, "webhook": _call_webhook}
