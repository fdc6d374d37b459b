"""News by mail, as often as each person wants: gathered into rows, claimed, and sent once, whatever is killed.

A worker killed between the claim and the mail server's answer leaves a mail unsent rather than sent twice; its news are
on the site in any case. A mail that the server refuses is tried again, ever more rarely.
"""

import logging
import time
from datetime import timedelta
from functools import partial
from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from webapp.archive.blinding import blind_names
from webapp.community.models import Mail, MailFrequency, Notification, Profile
from webapp.core.environment import NO_MAIL

log = logging.getLogger(__name__)

PERIOD = {
    MailFrequency.IMMEDIATE: timedelta(0),
    MailFrequency.DAILY: timedelta(days=1),
    MailFrequency.WEEKLY: timedelta(weeks=1),
}
STALE = timedelta(weeks=2)
"""Age from which unread news are mailed no more: who subscribes gets no flood."""

AT_ONCE = 200
"""Mails a run sends at most."""
WORKING = timedelta(seconds=60)
"""How long a run begins further mails: half of its task's time."""

MOST_NEWS = 30
MOST_FAILURES = 10
SALT = "webapp.community.news_mail"


def mail_is_sent() -> bool:
    """Return whether the site has a mail server."""
    return settings.EMAIL_BACKEND not in NO_MAIL


def news_are_mailed() -> bool:
    """Return whether the site can mail news: it has a mail server, and knows its own address for the links."""
    return mail_is_sent() and bool(settings.SITE_URL)


def deliver() -> None:
    """Gather the news of everybody who is due, and send what waits. May run any number of times at once.

    It ends after `WORKING` even where the mail server is slow: its task's time limit would end it in the middle of a
    mail, which then is never sent. The next run goes on.
    """
    if not news_are_mailed():
        return
    ends = time.monotonic() + WORKING.total_seconds()
    for pk in _due().values_list("pk", flat=True).iterator():
        gather(pk)
        if time.monotonic() > ends - WORKING.total_seconds() / 2:
            break
    for pk in Mail.objects.filter(claimed_at=None).order_by("failures", "pk").values_list("pk", flat=True)[:AT_ONCE]:
        if not send(pk) or time.monotonic() > ends:
            break


def _due() -> QuerySet[Profile]:
    """Return the profiles of those with fresh news whose day has come: few, however many wait for theirs."""
    now = timezone.now()
    unmailed = Notification.objects.filter(volunteer__user=OuterRef("user"), mail=None, read_at=None)
    mails, has_come = Mail.objects.filter(user=OuterRef("user")), Q(mail=MailFrequency.IMMEDIATE)
    for frequency in (MailFrequency.DAILY, MailFrequency.WEEKLY):
        has_come |= Q(~Exists(mails.filter(created_at__gt=now - PERIOD[frequency])), mail=frequency)
    people = Profile.objects.filter(has_come, Exists(unmailed.filter(created_at__gt=now - STALE)))
    return people.filter(
        Exists(EmailAddress.objects.filter(user=OuterRef("user"), verified=True)), user__is_active=True
    )


@transaction.atomic
def gather(profile: int) -> Mail | None:
    """Put a person's unread news into one mail, if one is due; the row first, so that none is counted twice."""
    person = Profile.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=profile).first()
    if person is None or not address_of(person.user) or not _is_due(person):
        return None
    news = Notification.objects.filter(volunteer__user=person.user_id, mail=None, read_at=None).shown_to(person.user)
    fresh = list(news.filter(created_at__gt=timezone.now() - STALE).values_list("pk", flat=True))
    if not fresh:
        return None
    mail = Mail.objects.create(user=person.user)
    Notification.objects.filter(pk__in=fresh).update(mail=mail)
    return mail


def _is_due(person: Profile) -> bool:
    period = PERIOD.get(MailFrequency(person.mail))
    if period is None:
        return False
    last = Mail.objects.filter(user=person.user_id).order_by("-created_at").values_list("created_at", flat=True).first()
    return last is None or timezone.now() - last >= period


def send(pk: int) -> bool:
    """Claim a mail and send it; nothing if somebody else has, the account is gone, or the news were read meanwhile.

    Return False if the mail server failed, so that nobody waits for it again and again; it has not if it only refuses
    this address.
    """
    row = Mail.objects.select_related("user__profile").filter(pk=pk).first()
    if row is None or timezone.now() < row.created_at + timedelta(minutes=2**row.failures - 1):
        return True
    if not Mail.objects.filter(pk=pk, claimed_at=None).update(claimed_at=timezone.now()):
        return True
    message = _message(row)
    if message is None:
        return True
    try:
        message.send()
    except OSError as error:  # of sockets and SMTP alike
        log.warning("%s could not be sent: %r", row, error)
        again = {"claimed_at": None} if row.failures < MOST_FAILURES else {}
        Mail.objects.filter(pk=pk).update(failures=F("failures") + 1, **again)
        return isinstance(error, SMTPRecipientsRefused)
    Mail.objects.filter(pk=pk).update(sent_at=timezone.now())
    return True


def address_of(user: User) -> str:
    """Return the user's confirmed address; nothing is sent to others."""
    rows = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary")
    return rows.values_list("email", flat=True).first() or ""


def _message(row: Mail) -> EmailMultiAlternatives | None:
    profile, address = row.user.profile, address_of(row.user)
    news = list(
        row.notifications.filter(read_at=None)
        .shown_to(row.user)
        .select_related("survey", "subject__survey", "thread", "action")
    )
    if not news or not address or profile.mail == MailFrequency.NEVER:
        return None
    blind_names([each.subject for each in news if each.subject], row.user)
    stop = settings.SITE_URL + reverse("mail-stop", args=[signing.dumps(row.user.pk, salt=SALT)])
    with override(profile.language or None):
        content = {"news": news[:MOST_NEWS], "site": settings.SITE_URL, "stop": stop, "more": len(news) - MOST_NEWS}
        text, html = (render_to_string(f"community/news_mail.{kind}", content) for kind in ("txt", "html"))
        message = EmailMultiAlternatives(_title(news), text, to=[address], headers=_headers(row, stop))
    message.attach_alternative(html, "text/html")
    return message


def _title(news: list[Notification]) -> str:
    confirmed = sum(each.kind == Notification.Kind.CONFIRMED for each in news)
    if confirmed:
        words = partial(ngettext, "Your discovery was confirmed", "%(n)d of your discoveries were confirmed")
        return words(confirmed) % {"n": confirmed}
    return _("News from Wanderers")


def _headers(row: Mail, stop: str) -> dict[str, str]:
    """Return headers for one-click unsubscription (RFC 8058), and a fixed Message-ID."""
    return {
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<news-{row.pk}-{row.created_at:%Y%m%d%H%M%S}@{urlsplit(settings.SITE_URL).hostname}>",
        "Auto-Submitted": "auto-generated",
    }


def stop_mail(token: str) -> bool:
    """End the mails to the person of a signed link; return False for a forged one."""
    try:
        user = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return False
    Profile.objects.filter(user=user).update(mail=MailFrequency.NEVER)
    return True
