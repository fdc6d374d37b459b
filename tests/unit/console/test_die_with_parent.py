"""A program ends with the process that started it, also where that died before the program could ask for it."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from webapp.console.processes import die_with_parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")


@pytest.mark.parametrize(("is_alive", "status"), [(True, 0), (False, -signal.SIGKILL)])
def test_a_program_whose_parent_has_died_ends_at_once(is_alive, status):
    parent = os.getpid() + (0 if is_alive else 1)
    program = subprocess.Popen([sys.executable, "-c", ""], preexec_fn=partial(die_with_parent, parent))
    assert program.wait(10) == status
