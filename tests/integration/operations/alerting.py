"""What the doctor and administrators are told of a site."""

from datetime import timedelta

from django.core.management import call_command

from webapp.operations import alerts
from webapp.operations.models import Alert


def doctor(capsys):
    """Return what the doctor says, and whether all is well."""
    try:
        call_command("doctor")
    except SystemExit:
        return capsys.readouterr().out, False
    return capsys.readouterr().out, True


def alert_mails(mailoutbox):
    """Return the mails of two checks, two minutes apart."""
    alerts.check()
    for alert in Alert.objects.all():
        Alert.objects.filter(pk=alert.pk).update(created_at=alert.created_at - timedelta(minutes=2))
    alerts.check()
    return [mail.body for mail in mailoutbox]
