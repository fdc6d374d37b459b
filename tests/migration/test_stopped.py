"""A migration that was stopped amid its changes gives its locks back, so that the next one can make them."""

import time

import pytest
from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import DatabaseError, connection, transaction

from webapp.console.management.commands import migrate as ours

pytestmark = pytest.mark.django_db(transaction=True)


def shown():
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        return cursor.fetchone()[0]


def test_the_server_ends_a_migration_that_does_nothing_within_a_transaction(monkeypatch):
    def stopped(command, *args, **options):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE archive_survey")
            time.sleep(1.5)
            cursor.execute("SELECT 1")

    monkeypatch.setattr(ours, "IDLE_SECONDS", 1)
    monkeypatch.setattr(migrate.Command, "handle", stopped)
    try:
        with pytest.raises(DatabaseError):
            call_command("migrate", verbosity=0)
    finally:
        connection.close()


def test_only_a_migration_is_limited(monkeypatch):
    during = []
    monkeypatch.setattr(migrate.Command, "handle", lambda *args, **options: during.append(shown()))
    call_command("migrate", verbosity=0)
    assert (during, shown()) == (["20s"], "0")
