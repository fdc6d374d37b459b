"""A migration that was stopped amid its changes gives its locks back, so that the next one can make them."""

import time

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import pre_migrate

from webapp.core import apps as core

pytestmark = pytest.mark.django_db(transaction=True)


def tell(signal):
    config = apps.get_app_config("core")
    signal.send(sender=config, app_config=config, verbosity=0, interactive=False, using="default")


def do_nothing_with_a_lock(seconds):
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE archive_survey")
        time.sleep(seconds)
        cursor.execute("SELECT 1")


def test_the_server_ends_a_migration_that_does_nothing_within_a_transaction(monkeypatch):
    monkeypatch.setattr(core, "IDLE_MIGRATION_SECONDS", 1)
    tell(pre_migrate)
    try:
        with pytest.raises(DatabaseError), transaction.atomic():
            do_nothing_with_a_lock(1.5)
    finally:
        connection.close()


def test_after_the_migration_a_transaction_may_take_its_time():
    with connection.cursor() as cursor:
        tell(pre_migrate)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("20s",)
        core._lift_limit("default")
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("0",)
