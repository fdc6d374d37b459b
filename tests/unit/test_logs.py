"""Logs of a long-running site are rotated."""

import resource
import sys
import time
from contextlib import contextmanager

import pytest

from webapp.console.processes import LARGEST, Child, shorten
from webapp.console.site import Ended, private_log_folder, watch

TALK = "import itertools, time\nfor n in itertools.count(): print(f'{n:099}', flush=True); time.sleep(0.001)"


@pytest.fixture
def talker(tmp_path):
    child = Child("A talker", [sys.executable, "-c", TALK], tmp_path / "log" / "talker.log")
    child.start()
    yield child
    child.process.kill()
    child.process.wait()


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def whole_lines(log):
    """The numbers in `log`, without a line cut by the rotation: output during the copy may be lost."""
    return [int(line) for line in log.read_text().splitlines(keepends=True) if len(line) == 100]


def test_a_large_log_is_begun_anew_while_its_process_writes_on(talker):
    for _ in range(6):
        wait_for(lambda: talker.log.is_file() and talker.log.stat().st_size > 2000)
        shorten(talker.log, largest=1000)
        wait_for(lambda: whole_lines(talker.log))
        assert whole_lines(talker.log)[0] > whole_lines(talker.log.with_name("talker.log.1"))[-1]
    assert sorted(path.name for path in talker.log.parent.iterdir()) == [
        "talker.log",
        "talker.log.1",
        "talker.log.2",
        "talker.log.3",
    ]


def test_a_small_log_and_a_missing_one_stay_as_they_are(tmp_path):
    (tmp_path / "web.log").write_text("a line")
    shorten(tmp_path / "web.log")
    shorten(tmp_path / "worker.log")
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


class Watched(Child):
    def revive(self):
        if self.log.stat().st_size < LARGEST:
            raise Ended


def test_the_site_looks_after_the_logs_of_its_processes(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * LARGEST)
    watch([Watched("The web server", [], log)])
    assert (log.stat().st_size, (tmp_path / "web.log.1").stat().st_size) == (0, LARGEST)


@contextmanager
def no_room():
    """Refuse files as large as a log that is to be rotated, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST // 2, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class EndsSoon(Child):
    seconds = 0

    def revive(self):
        self.seconds += 1
        if self.seconds > 2:
            raise Ended


def test_a_site_without_room_for_the_copy_of_a_log_goes_on_and_says_so_once(tmp_path, caplog):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * LARGEST)
    (tmp_path / "web.log.1").write_text("earlier")
    with no_room():
        watch([EndsSoon("The web server", [], log)])
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"web.log": LARGEST, "web.log.1": 7}
    assert caplog.text.count("could not be rotated") == 1
    shorten(log)
    assert (log.stat().st_size, (tmp_path / "web.log.2").read_text()) == (0, "earlier")


@pytest.mark.parametrize("is_there", [False, True])
def test_only_the_sites_own_user_reads_its_logs(tmp_path, settings, is_there):
    """They have addresses of people who sign in."""
    tmp_path.chmod(0o755)
    settings.DATA = tmp_path
    if is_there:
        (tmp_path / "log").mkdir(mode=0o755)
    assert private_log_folder().stat().st_mode & 0o777 == 0o700
    assert tmp_path.stat().st_mode & 0o777 == 0o755, "the database's own user must pass"
