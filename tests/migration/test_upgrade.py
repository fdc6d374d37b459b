"""A site of the first schema with rows in every table is migrated to today's: nothing is lost, nothing changed."""

import json
import uuid

import pytest
from django.apps import apps as todays
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

ROWS = 2
TEXT = 'The "disk" is full:\n100 % of €.'
UNSIGNED = {"signed_at": None, "signed_by": None, "signed_name": "", "obs80": "", "psv": "", "xml": ""}
WORKFLOW = {"method": "majority", "min_votes": 3, "max_votes": 10, "reject_threshold": 0.01, "accept_threshold": 0.99}
FITTING = UNSIGNED | WORKFLOW | {"newcomer": None}
"""Values that constraints ask for."""
LEFT_EMPTY = {"community.Comment.thread"}
"""References beside which a constraint allows no other."""
OTHERS = {"community.Block.blocked"}
"""References that a constraint wants to differ from their row's other one."""


@pytest.fixture
def first_schema():
    """Begin anew with the schema before any room's second migration; end with today's, whatever happened."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    executor = MigrationExecutor(connection)
    rooms = {config.label for config in todays.get_app_configs() if config.name.startswith("webapp.")}
    begins = [key for key in executor.loader.graph.nodes if key[0] in rooms and key[1] == "0001_initial"]
    first = [key for key in begins if is_first(executor.loader.graph.forwards_plan(key), rooms)]
    executor.migrate(first)
    state = executor.loader.project_state(first).apps
    rooms = {"auth", *(room for room, _ in first)}
    yield [each for each in state.get_models() if each._meta.app_label in rooms and each.__name__ != "Permission"]
    migrate_to_today()


def is_first(plan, rooms):
    return all(name == "0001_initial" for room, name in plan if room in rooms)


def migrate_to_today():
    call_command("migrate", verbosity=0)
    ContentType.objects.clear_cache()  # their numbers are new


def fill(waiting):
    """Create rows in every table, after those they refer to; of tables that refer to each other, one goes first."""
    rows = {}
    while waiting:
        model = next((model for model in waiting if not references(model, waiting)), None)
        model = model or next(model for model in waiting if not references(model, waiting, required=True))
        rows[model._meta.label] = []
        for row in range(ROWS):
            rows[model._meta.label].append(create(model, row, rows))
        waiting = [other for other in waiting if other is not model]


def fields_of(model):
    return [
        field
        for field in model._meta.concrete_fields
        if not field.generated and not isinstance(field, models.AutoField)
    ]


def references(model, others, required=False):
    """Return which of some other tables this one refers to."""
    asked = [field for field in fields_of(model) if field.remote_field and not (required and field.null)]
    return {field.remote_field.model for field in asked} & set(others) - {model}


def create(model, row, rows):
    values = {}
    for field in fields_of(model):
        own = f"{model._meta.label}.{field.name}"
        if field.name in FITTING:
            values[field.name] = FITTING[field.name]
        elif field.remote_field is None:
            values[field.name] = value_of(field, row)
        elif own not in LEFT_EMPTY:
            made = rows.get(field.remote_field.model._meta.label, [])[:ROWS]
            values[field.name] = made[row - (own in OTHERS)] if len(made) == ROWS else None
    return model.objects.create(**values)


def value_of(field, row):
    """Return the field's default, or a value that differs by row."""
    if field.choices:
        return list(field.choices)[row][0]
    match field:
        case ArrayField():
            return []
        case models.UUIDField():
            return uuid.uuid4()
        case models.DateTimeField():
            return timezone.now()
        case models.TextField():
            return TEXT
        case models.CharField():
            return f"{field.name}{row}"[: field.max_length]
        case models.BooleanField() | models.JSONField() | models.FloatField():
            return field.get_default() if field.has_default() else row
        case models.IntegerField():
            return row
    return field.get_default()


def contents(model):
    """Return the rows of a table by primary key, as PostgreSQL writes them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(whole) FROM {model._meta.db_table} AS whole")
        rows = [json.loads(text) for (text,) in cursor]
    return {tuple(row[field.column] for field in model._meta.pk_fields): row for row in rows}


@pytest.mark.django_db(transaction=True)
def test_rows_of_the_first_schema_come_through_all_migrations(first_schema):
    fill(first_schema)
    before = {model: contents(model) for model in first_schema}
    assert {len(rows) for rows in before.values()} == {ROWS}
    migrate_to_today()
    for model, rows in before.items():
        after = contents(model)
        assert after.keys() == rows.keys()
        for key, row in rows.items():
            for column in row.keys() & after[key].keys():
                assert after[key][column] == row[column], (model, column)
