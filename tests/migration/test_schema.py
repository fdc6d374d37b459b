"""The migrations create the schema that the models describe."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection


@pytest.mark.django_db
def test_no_model_has_changed_without_a_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_model_has_its_table_and_every_constraint_stands():
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for model in apps.get_models():
            assert model._meta.db_table in tables
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
            for constraint in [*model._meta.constraints, *model._meta.indexes]:
                assert constraint.name in found, f"{model._meta.label} lacks {constraint.name}"
