"""`manage.py up` runs everything, and one Ctrl-C stops everything."""

import socket
import time
from contextlib import suppress
from itertools import pairwise

import psutil
import pytest

from tests.acceptance.running_site import QUICK_UP, Site, free_port, manage, prepare, running_site


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One data folder for tests that only start and stop sites: its database is made once."""
    data = tmp_path_factory.mktemp("data")
    prepare(data)
    return data


def left_running(site: Site, seconds: float = 20.0) -> list[str]:
    """The command lines of processes still running after a while."""
    deadline = time.monotonic() + seconds
    while site.family() and time.monotonic() < deadline:
        time.sleep(0.2)
    return list(site.family().values())


def test_one_command_starts_all_and_one_interrupt_leaves_nothing_running(tmp_path):
    with running_site(tmp_path, is_first_start=True) as site:
        assert site.get("/") == 200
        commands = " ".join(site.family().values())
        assert "celery" in commands
        assert "postgres" in commands
        output = site.output_until(site.address) + site.interrupt()
    said = [
        "database up to date",
        "static files up to date",
        "Starting the web server",
        site.address,
        "All processes have stopped",
    ]
    assert all(first < second for first, second in pairwise([output.index(words) for words in said]))
    assert site.process.returncode == 0
    assert left_running(site) == []


def test_a_killed_parent_takes_its_children_along(data):
    with running_site(data, program=QUICK_UP, WEB_WORKERS="1") as site:
        programs = psutil.Process(site.process.pid).children()
        site.process.kill()
        for each in programs:  # what they have started must end too, though they cannot end it any more
            with suppress(psutil.NoSuchProcess):  # it has ended with its parent
                each.kill()
        site.process.wait()
        children = [process for process, command in site.family().items() if "postgres" not in command]
        deadline = time.monotonic() + 20
        while any(process.is_running() for process in children) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not [command for command in site.family().values() if "postgres" not in command]
    # The database outlives a kill -9 of its parent by design; the next command joins it and ends it.
    assert [command for command in site.family().values() if "postgres" in command]
    joined = manage(data, "migrate", "--check")
    assert joined.returncode == 0, joined.stderr
    assert left_running(site) == []


def test_a_taken_port_is_a_sentence(data):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = manage(data, "up", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert "choose another port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_site_on_one_data_folder_is_a_sentence(data):
    with running_site(data, program=QUICK_UP, WEB_WORKERS="1") as site:
        refused = manage(data, "up", "--port", str(free_port()))
        assert refused.returncode == 1
        assert f"Another site runs from {data} already. Stop it first" in refused.stderr
        assert site.get("/health/live/") == 200


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PIXELS", "/proc/pixels", "Pixels cannot be written to /proc/pixels"),
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1:1/x", "The database can't be reached: connection failed"),
        ("SECRET_KEY_FILE", "/nowhere", "The value of SECRET_KEY_FILE must be a readable file path"),
        ("DATABASE_URL_FILE", "/nowhere", "The value of DATABASE_URL_FILE must be a readable file path"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(data, name, value, said):
    refused = manage(data, "up", "--port", str(free_port()), **{name: value})
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_malformed_setting_stops_the_start_with_a_sentence(data):
    refused = manage(data, "up", "--port", str(free_port()), SWEEP_SECONDS="many")
    assert refused.returncode != 0
    assert "SWEEP_SECONDS" in refused.stderr
    assert "Traceback" not in refused.stderr
