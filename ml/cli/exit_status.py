"""How a command ends: its exit status, and at most one line on stderr, never a traceback, for what is not a bug."""

import os
import sys
from collections.abc import Callable

from ml.io.message import reason_of

BAD_INPUT = 2
INTERRUPTED = 130
"""As the shell counts: 128, and the number of SIGINT."""


def exit_status(name: str, work: Callable[[], object]) -> int:
    """Do the work of the command `name`; return 0, or 2 after one line on stderr for input that can't be used."""
    try:
        work()
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{name}: {' '.join(reason_of(error).split())}\n")
        return BAD_INPUT
    return 0


def unless_stopped(name: str, run: Callable[[], int]) -> int:
    """Run the command `name`; return its status, 130 after Ctrl-C, or 0 where nobody reads its output any further."""
    try:
        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: stopped. Run the same command again to finish.\n")
        return INTERRUPTED
    except BrokenPipeError:  # as `… | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
