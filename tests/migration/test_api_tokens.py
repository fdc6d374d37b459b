"""API tokens that were stored as they are work on, and only their hashes are left."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

KEY = "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"
EARLIER = """
    CREATE TABLE authtoken_token (
        key varchar(40) PRIMARY KEY, created timestamptz NOT NULL,
        user_id integer NOT NULL UNIQUE REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED
    )
"""


@pytest.mark.django_db(transaction=True)
def test_a_token_of_before_works_on_and_is_no_longer_stored():
    user = User.objects.create(username="ann")
    try:
        call_command("migrate", "accounts", "0001", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(EARLIER)
            cursor.execute("INSERT INTO authtoken_token VALUES (%s, now(), %s)", [KEY, user.pk])
    finally:
        call_command("migrate", "accounts", verbosity=0)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {KEY}")
    assert client.get("/api/training-runs/").status_code == 403, "known, and no scientist: a stranger gets 401"
    assert "authtoken_token" not in connection.introspection.table_names()
