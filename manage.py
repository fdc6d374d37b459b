#!/usr/bin/env python
"""Django's entry point; with no DATABASE_URL it starts the embedded PostgreSQL first."""

import os
import sys

from django.core.management import execute_from_command_line

from webapp.core import embedded_postgres

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    embedded_postgres.ensure()
    execute_from_command_line(sys.argv)
