"""Management commands in the audit log: which ones act, what they were asked for, and by which user of the machine."""

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.core.management import BaseCommand, load_command_class
from django.core.management import get_commands as commands
from django.db import DatabaseError

NO_ACTS = frozenset(
    {"check", "collectstatic", "diffsettings", "doctor", "guide_pictures", "listen", "makemigrations", "migrate"}
    | {"run_part", "runserver", "showmigrations", "spectacular", "sqlmigrate", "test", "translations", "up"}
)
"""They only read, run a part of the site, or are recorded elsewhere, as migrations are; any other command acts."""
UNTOLD = frozenset({"shell", "dbshell"})
"""What they are given is code, which may contain anything."""
NO_TABLE = "42P01"
"""PostgreSQL's code for a table that is not there: nothing was migrated yet."""
USAGE = 2
"""The exit status of a command that did not understand its arguments, and did nothing."""


@contextmanager
def recorded(argv: list[str]) -> Iterator[None]:
    """Record the command that runs in this context once it has ended, or failed; one that is killed is not recorded."""
    outcome: str | int = 0
    try:
        yield
    except SystemExit as ended:
        outcome = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        if outcome != USAGE and apps.ready and _acts(argv):
            _record(argv, outcome)


def _acts(argv: list[str]) -> bool:
    return len(argv) > 1 and argv[1] in {*commands()} - NO_ACTS and not {"-h", "--help"} & {*argv}


def _record(argv: list[str], outcome: str | int) -> None:
    from webapp.archive.audit import record_command  # the models can be imported only now

    name = argv[1]
    try:
        asked = _asked(name, argv[2:])
        if name == "createsuperuser" and outcome == 0:
            asked["username"] = _newest_superuser()
        record_command(name, asked, by=_system_user(), outcome=outcome)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == NO_TABLE:  # the command itself says what to do
            return
        why = str(error).partition("\n")[0]
        sys.stderr.write(f"This command could not be recorded in the audit log: {why}\n")


def _asked(name: str, arguments: list[str]) -> dict[str, Any]:
    """Return the command's own arguments by their names, without those that are as by default."""
    if name in UNTOLD:
        return {}
    app = commands()[name]
    parser = (app if isinstance(app, BaseCommand) else load_command_class(app, name)).create_parser("manage.py", name)
    given = vars(parser.parse_args(arguments)).items()
    return {each: value for each, value in given if value is not None and value != parser.get_default(each)}


def _newest_superuser() -> str:
    """Return the account just made: its name may have been typed, and is then no argument."""
    from django.contrib.auth import get_user_model

    newest = get_user_model().objects.filter(is_superuser=True).order_by("pk").last()
    return newest.get_username() if newest else ""


def _system_user() -> str:
    """Return who ran the command, and who became that user by sudo."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have only a number
        user = str(os.getuid())
    return f"{user} ({os.environ['SUDO_USER']})" if os.environ.get("SUDO_USER") else user
