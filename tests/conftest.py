"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.prepared import template_database

# How long an example takes depends on what else the machine does.
hypothesis_settings.register_profile(
    "busy", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("busy")

SHARED_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


# The files that take longest, to begin with: at the end one of them would keep a single core busy. Those that compute
# and those that mostly wait (for sites, workers and browsers) take turns, so that they run side by side.
FIRST = (
    "real/test_loop_ztf.py",
    "acceptance/test_worker_learning.py",
    "real/test_ground_trails_real.py",
    "acceptance/test_ingest_killed.py",
    "acceptance/test_cluster.py",
    "real/test_tracklets_real.py",
    "acceptance/test_every_page.py",
    "real/",
    "acceptance/test_brokers.py",
    "integration/learning/",
    "acceptance/test_supervision.py",
    "integration/pages/",
    "acceptance/test_up.py",
    "unit/training/",
    "unit/cli/",
    "unit/tracklets/",
    "acceptance/test_classify_page.py",
    "unit/trails/",
    "acceptance/test_volunteers_place.py",
    "unit/cubes/",
    "acceptance/",
    "integration/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Run the slowest tests first."""
    items.sort(key=lambda item: _turn(item.nodeid.removeprefix("tests/")))


def _turn(name):
    return next((turn for turn, beginning in enumerate(FIRST) if name.startswith(beginning)), len(FIRST))


@pytest.fixture(autouse=True)
def own_pixels(settings, tmp_path):
    """Each test writes pixels, checkpoints and training sets to a folder of its own."""
    settings.DATA = tmp_path
    settings.PIXELS = str(tmp_path / "pixels")


@pytest.fixture(autouse=True)
def passwords_are_hashed_quickly(settings):
    """Use a fast hash: the default costs half a second per account."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def every_test_begins_in_english():
    """Reset the language: a request activates its reader's language in a thread that the next test may use."""
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """Copy a migrated database; WANDERERS_TEST_DB names it, so that two runs on one machine don't collide."""
    test = connections["default"].settings_dict["TEST"]
    test["TEMPLATE"] = template_database()
    name = os.environ.get("WANDERERS_TEST_DB")
    if name:
        test["NAME"] = f"test_{name}"


def _empty_tables(test):
    """Delete all rows, but of the two tables that migrations fill: they never change.

    Few tables have rows, and few of them. Truncating all, as Django does, takes twenty times as long. The locks wait
    for what a killed worker's session is still writing.
    """
    tables = {*connection.introspection.table_names()} - {"django_migrations", "django_content_type", "auth_permission"}
    names = {name: connection.ops.quote_name(name) for name in sorted(tables)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(names.values())} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {quoted} LIMIT 1)" for name, quoted in names.items()))
        deletions = [f"DELETE FROM {names[name]}" for (name,) in cursor.fetchall()]
        no_triggers = "SET session_replication_role = replica"  # nor foreign keys, so in any order
        cursor.execute("; ".join([no_triggers, *deletions, "RESET session_replication_role"]))


# After each test that commits.
TransactionTestCase._fixture_teardown = _empty_tables


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data, or skip if it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip("The real data (../shared/data) is not on this machine.")
    return SHARED_DATA
