"""A request that finds its kept connection closed, as after a restart of the database, opens another."""

import pytest
from django.db import close_old_connections, connection, connections

from webapp.core.sql import fetch
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db(transaction=True)


def close_from_the_server():
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend()])
    other.close()


def backend():
    return connection.connection.info.backend_pid


@pytest.mark.parametrize("ask", [lambda: fetch("SELECT 1", []), Volunteer.objects.count], ids=["raw SQL", "ORM"])
def test_the_first_statement_of_the_next_request_works(ask):
    ask()
    earlier = backend()
    close_from_the_server()
    close_old_connections()  # as each request begins
    ask()
    assert backend() != earlier
