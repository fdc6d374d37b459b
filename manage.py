#!/usr/bin/env python
"""Django's entry point; with no DATABASE_URL it starts the embedded PostgreSQL first."""

import os
import signal
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable

from webapp.console.audited_commands import recorded
from webapp.core import embedded_postgres

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    embedded_postgres.ensure()
    try:
        with recorded(sys.argv):
            execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(128 + signal.SIGINT)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", ""):  # the database has answered
            raise
        first_line = str(error).partition("\n")[0]
        sys.exit(f"The database can't be reached: {first_line}. See that it runs, and that DATABASE_URL is right.")
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable):
            raise
        sys.exit("The database has no tables yet, or old ones. Run `make up` or `python manage.py migrate` first.")
