"""Killed processes of `manage.py up` are restarted, and jobs continue: one site, which each test leaves healthy."""

import http.client
import shutil
import textwrap
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import psycopg
import pytest

from tests.acceptance.running_site import QUICK_UP, manage, running_site

pytestmark = pytest.mark.timeout(600)

QUICK = {"LOOK_EVERY": "1", "WEB_STUCK_SECONDS": "3", "WEB_STATEMENT_SECONDS": "0", "WEB_LOCK_SECONDS": "0"}
PATIENCE = 90.0  # s: more than the watchdog's for a program that it has never heard of


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running_site(tmp_path_factory.mktemp("site"), program=QUICK_UP, **QUICK) as running:
        running.wait_until_up(path="/health/")
        yield running
        running.interrupt()
        left = [each for each, command in running.family().items() if "postgres" not in command]
        assert not left, "A Ctrl-C leaves nothing running, whatever was killed before."


def wait_until(holds, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"It did not come to pass in {seconds:.0f} s."
        time.sleep(0.1)


def program(site, words):
    """Wait for the child of `up` with these words on its command line."""
    found = []

    def is_there():
        children = psutil.Process(site.process.pid).children()
        found[:] = [child for child in children if words in command_of(child)]
        return bool(found)

    wait_until(is_there)
    return found[0]


def command_of(process):
    """Return a process's command line; nothing of one that has ended, whether or not its parent knows already."""
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def worker_with_children(site):
    """Wait for the worker and its two children: one that has just been restarted has none yet."""
    wait_until(lambda: len(program(site, "tasks.worker").children()) >= 2)
    return program(site, "tasks.worker")


def connect(site):
    lines = (site.data / "postgres" / "postmaster.pid").read_text().splitlines()
    return psycopg.connect(host=lines[4], port=lines[3], user="postgres", dbname="postgres", autocommit=True)


def assert_reports_again(site, process):
    """Beat reports by itself, a worker by running beat's job: both must report within a minute."""
    with connect(site) as database:
        one = "FROM core_heartbeat WHERE process = %s"
        database.execute(f"DELETE {one}", [process])
        wait_until(lambda: database.execute(f"SELECT 1 {one}", [process]).fetchone())


def assert_stored(site, part, reason):
    """Whatever was started again is a row, once the database can take it."""
    query = "SELECT 1 FROM operations_restart WHERE part = %s AND reason LIKE %s"
    with connect(site) as database:
        wait_until(lambda: database.execute(query, [part, f"%{reason}%"]).fetchone())


def test_a_worker_whose_children_are_all_killed_goes_on_with_jobs(site):
    children = worker_with_children(site).children()
    for child in children:
        child.kill()
    psutil.wait_procs(children, timeout=10)
    assert_reports_again(site, "worker")


JOB = """
    from webapp.archive.models import Survey
    from webapp.retention.start_run import start_run
    survey = Survey.objects.create(slug="hanging", name="Hanging", drop_bogus_after=1)
    start_run(survey=survey, by=None, dry_run=True)
"""


def test_a_worker_that_hangs_is_replaced_and_the_job_that_waits_is_done(site):
    hanging = worker_with_children(site)
    assert_reports_again(site, "worker")
    for process in (hanging, *hanging.children()):
        process.suspend()
    assert manage(site.data, "shell", "-c", textwrap.dedent(JOB)).returncode == 0
    wait_until(lambda: not hanging.is_running(), seconds=PATIENCE)
    assert program(site, "tasks.worker") != hanging
    with connect(site) as database:
        state = "SELECT 1 FROM retention_retentionrun WHERE state = 'done'"
        wait_until(lambda: database.execute(state).fetchone())
    assert_stored(site, "worker", "no longer responded")


def test_a_worker_whose_children_are_all_stopped_goes_on_with_jobs(site):
    worker = worker_with_children(site)
    stopped = worker.children()
    for child in stopped:
        child.suspend()
    wait_until(lambda: not any(child.is_running() for child in stopped))
    assert_reports_again(site, "worker")
    assert worker.is_running()


def test_a_stopped_child_is_replaced_although_the_others_work(site):
    """Else a pool of several serves on with one fewer, and nobody sees it."""
    worker = worker_with_children(site)
    first, second = worker.children()
    first.suspend()
    wait_until(lambda: not first.is_running() and len(worker.children()) == 2)
    assert second in worker.children()
    assert "was stopped (SIGSTOP), and is killed" in (site.data / "log" / "worker.log").read_text()


def test_a_killed_beat_is_started_again(site):
    killed = program(site, "tasks.beat")
    killed.kill()
    wait_until(lambda: not killed.is_running())
    assert program(site, "tasks.beat") != killed
    assert_reports_again(site, "beat")
    assert_stored(site, "beat", "killed by the signal%SIGKILL")


def test_the_site_goes_on_while_a_killed_web_worker_is_replaced(site):
    wait_until(lambda: len(web_workers(program(site, "granian"))) == 2)
    server = program(site, "granian")
    first, second = workers = web_workers(server)
    first.kill()
    time.sleep(1)  # what it was asked in its last moment is lost, and nothing after that
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        assert site.get("/health/live/") == 200
        time.sleep(0.2)
    assert second.is_running()
    wait_until(lambda: len({*web_workers(server)} - {*workers}) == 1)
    assert server.is_running()


def web_workers(server):
    """The processes started by granian, except multiprocessing's own."""
    commands = {child: command_of(child) for child in server.children()}
    return [child for child, command in commands.items() if command and "resource_tracker" not in command]


def test_the_site_survives_a_restart_of_its_database(site):
    everybody = ["/"] * 32
    with ThreadPoolExecutor(16) as people:
        assert set(people.map(site.get, everybody)) == {200}
        database = psutil.Process(int((site.data / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
        database.kill()
        wait_until(lambda: not database.is_running())
        site.wait_until_up(path="/")
        assert set(people.map(site.get, everybody)) == {200}
    assert_reports_again(site, "worker")
    assert_stored(site, "database", "had ended")


def test_a_web_server_is_replaced_while_all_threads_of_its_processes_wait_for_a_lock(site):
    """Or of one process, if the other is still starting."""
    site.wait_until_up(path="/health/")
    stuck = program(site, "granian")
    with connect(site) as database:
        database.execute("BEGIN; LOCK TABLE archive_survey IN ACCESS EXCLUSIVE MODE")
        visitors = [threading.Thread(target=visit, args=[site, "/"], daemon=True) for _ in range(40)]
        for visitor in visitors:
            visitor.start()
        wait_until(lambda: not visit(site, "/health/ready/", seconds=5))
        wait_until(lambda: not stuck.is_running(), seconds=PATIENCE)
        site.wait_until_up(path="/health/ready/")
        site.output_until("none has finished a request for")
        for visitor in visitors:
            visitor.join(30)
        assert_stored(site, "web", "no longer responded")
        database.execute("ROLLBACK")
        site.wait_until_up(path="/")


def visit(site, path, seconds=120):
    """Return whether a page is answered in time."""
    try:
        with urllib.request.urlopen(site.address + path, timeout=seconds) as answer:
            return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.mark.parametrize("words", ["granian", "tasks.worker"])
def test_what_a_killed_program_has_started_ends_with_it_and_the_program_comes_back(site, words):
    wait_until(lambda: program(site, words).children())
    killed = program(site, words)
    orphans = killed.children()
    killed.kill()
    assert not psutil.wait_procs(orphans, timeout=10)[1]
    assert program(site, words) != killed
    site.wait_until_up(seconds=60, path="/")
    assert_reports_again(site, "worker")


def test_a_deleted_broker_folder_is_made_again(site):
    worker = program(site, "tasks.worker")
    (site.data / "broker").rename(site.data / "gone")  # at once: the site makes a folder anew while another empties it
    shutil.rmtree(site.data / "gone")
    assert_reports_again(site, "worker")
    assert worker.is_running()
