"""A program ends with the process that started it, also where that died before the program could ask for it."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from webapp.console.processes import die_with_parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")


@pytest.mark.parametrize(("parent", "status"), [(os.getpid(), 0), (os.getpid() + 1, -signal.SIGKILL)])
def test_a_program_whose_parent_has_died_ends_at_once(parent, status):
    program = subprocess.Popen([sys.executable, "-c", ""], preexec_fn=partial(die_with_parent, parent))
    assert program.wait(10) == status
