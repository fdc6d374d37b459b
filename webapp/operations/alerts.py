"""Tell administrators about problems, once each, by mail and by a webhook; and when a problem is over."""

import json
import logging
import urllib.request
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from webapp.operations.models import Alert
from webapp.operations.problems import problems

log = logging.getLogger(__name__)

PERSISTS = timedelta(seconds=90)
"""Parts and workflows must be ill for so long: a restart takes a few seconds."""
TIMEOUT = 10  # seconds


def check() -> None:
    """Store new problems, end those that are over, and tell about both. May run twice at a time, and any time later."""
    found = problems()
    rows = [Alert(key=key, text=text) for key, text in found.items()]
    Alert.objects.bulk_create(rows, ignore_conflicts=True)
    Alert.objects.filter(ended_at=None, told_at=None).exclude(key__in=found).update(ended_at=Now())
    with transaction.atomic():
        _tell_of_new(found)
        _tell_of_ended(found)


def _tell_of_new(found: Collection[str]) -> None:
    due = Q(key__startswith="job:") | Q(created_at__lt=Now() - PERSISTS)
    alerts = list(Alert.objects.select_for_update(skip_locked=True).filter(due, told_at=None, ended_at=None))
    if alerts and _sent(_("Wanderers needs you"), [alert.text for alert in alerts]):
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(told_at=Now())


def _tell_of_ended(found: Collection[str]) -> None:
    told = Alert.objects.select_for_update(skip_locked=True).filter(ended_at=None, told_at__isnull=False)
    alerts = list(told.exclude(key__in=found))
    texts = [alert.text for alert in alerts if not alert.key.startswith("job:")]
    if not texts or _sent(_("Wanderers is well again"), [_("Over: %(problem)s") % {"problem": text} for text in texts]):
        Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(ended_at=Now())


def _sent(subject: str, lines: list[str]) -> bool:
    """Send to everyone who is to be told; return False, to try again later, if that failed."""
    log.error("%s: %s", subject, " ".join(lines))
    try:
        _mail(subject, lines)
        _call_webhook(subject, lines)
    except OSError as error:  # of sockets, SMTP and HTTP alike
        log.warning("The alert could not be sent, and is sent again at the next check: %r", error)
        return False
    return True


def _mail(subject: str, lines: list[str]) -> None:
    people = get_user_model().objects.filter(is_superuser=True, is_active=True).exclude(email="")
    addresses = list(people.values_list("email", flat=True))
    if addresses:
        send_mail(subject, "\n".join(lines) + "\n", None, addresses)


def _call_webhook(subject: str, lines: list[str]) -> None:
    """Post {"text": …}, which Slack, Mattermost and others understand, to ALERT_WEBHOOK."""
    if settings.ALERT_WEBHOOK:
        body = json.dumps({"text": "\n".join([f"{subject}:", *lines])}).encode()
        request = urllib.request.Request(settings.ALERT_WEBHOOK, body, {"Content-Type": "application/json"})  # noqa: S310  # checked at the start
        urllib.request.urlopen(request, timeout=TIMEOUT).close()  # noqa: S310
