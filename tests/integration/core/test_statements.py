"""The database can prepare every raw SQL statement of the site."""

import importlib
import pkgutil
import re

import pytest
from django.db import DatabaseError, connection, transaction

import webapp
from webapp.core.sql import FEW, MOST_CURSORS, fetch

VERBS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
FILLED_IN = {  # what code puts in their place
    "{column}": "volunteer_id",
    "{most}": "3",
    "{order}": "entry.random_key",
    "{window}": "4",
    "{n}": "1",
    "{entries}": "NOT entry.is_gold",
    "{lock}": "",
    "{known_of_subject}": "object_group",
    "{probabilities}": "",
    "{through}": "archive_subjectset_subjects",
}
FRAGMENTS = {"webapp.queue.sampling.SELECT"}  # other statements begin with it
PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")


def statements():
    for module in pkgutil.walk_packages(webapp.__path__, "webapp."):
        if module.name in {"webapp.wsgi", "webapp.asgi"} or ".migrations" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            full = f"{module.name}.{name}"
            if isinstance(value, str) and name.isupper() and VERBS.match(value) and full not in FRAGMENTS:
                yield full, value


def numbered(statement: str) -> str:
    """Return the statement with $1, $2 … where psycopg has %s or %(name)s."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        key = found[0] if found[0] != "%s" else f"%s{len(names)}"
        return f"${names.setdefault(key, len(names) + 1)}"

    for field, value in FILLED_IN.items():
        statement = statement.replace(field, value)
    return PLACEHOLDER.sub(number, statement).replace("%%", "%")


@pytest.mark.django_db
def test_the_database_can_prepare_every_statement():
    refused, seen = {}, 0
    for name, statement in statements():
        seen += 1
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"PREPARE smoke AS {numbered(statement)}")
                cursor.execute("DEALLOCATE smoke")
        except DatabaseError as error:
            refused[name] = str(error).splitlines()[0]
    assert seen > 20
    assert refused == {}


@pytest.mark.django_db
def test_a_connection_keeps_cursors_of_few_statements_with_few_rows():
    for rows in (FEW, FEW + 1):
        assert len(fetch(f"SELECT generate_series(1, {rows})", [])) == rows
    assert f"SELECT generate_series(1, {FEW})" in connection.kept_cursors
    assert f"SELECT generate_series(1, {FEW + 1})" not in connection.kept_cursors
    for number in range(MOST_CURSORS):
        fetch(f"SELECT {number}", [])
    assert len(connection.kept_cursors) <= MOST_CURSORS
