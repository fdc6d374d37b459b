"""A signal ends the site, whatever it interrupts."""

import io
import logging

import pytest

from webapp.console.processes import Child
from webapp.console.site import Ended, watch

log = logging.getLogger(__name__)


class Terminal(io.StringIO):
    """A signal comes while a line is written to it."""

    def write(self, text):
        raise Ended


@pytest.fixture
def terminal():
    handler = logging.StreamHandler(Terminal())
    log.addHandler(handler)
    yield
    log.removeHandler(handler)


class Dies(Child):
    looks = 0

    def revive(self):
        self.looks += 1
        assert self.looks == 1, "The signal was lost."
        log.warning("%s ended.", self.name)
        return ""


def test_a_signal_that_comes_while_a_line_is_logged_ends_the_site(terminal, tmp_path):
    watch([Dies("The web server", [], tmp_path / "web.log")])
