"""A command on a database without tables says what to do, without a traceback."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.db import connection

from webapp.core.environment import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def empty_database():
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_it_names_the_command_that_makes_them(empty_database, tmp_path):
    asked = [sys.executable, str(ROOT / "manage.py"), "ingest", str(tmp_path), "--survey", "night"]
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{empty_database}").geturl()
    ended = subprocess.run(
        asked, env=os.environ | {"DATABASE_URL": address}, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "make up" in ended.stderr
    assert "Traceback" not in ended.stderr
