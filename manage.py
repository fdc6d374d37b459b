#!/usr/bin/env python
"""Django's entry point; with no DATABASE_URL it starts the embedded PostgreSQL first."""

import os
import signal
import sys

from django.core.management import execute_from_command_line
from django.db import ProgrammingError
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
    except ProgrammingError as error:
        if not isinstance(error.__cause__, UndefinedTable):
            raise
        sys.exit("The database has no tables yet, or old ones. Run `make up` or `python manage.py migrate` first.")
