"""`manage.py up` runs everything, and one Ctrl-C ends everything."""

import time
from concurrent.futures import ThreadPoolExecutor

import psutil

from tests.acceptance.running_site import Site, free_port, manage, running_site


def left_running(site: Site, seconds: float = 20.0) -> list[str]:
    """The command lines of what still runs after a while."""
    deadline = time.monotonic() + seconds
    while site.family() and time.monotonic() < deadline:
        time.sleep(0.2)
    return list(site.family().values())


def test_one_command_starts_all_and_one_interrupt_leaves_nothing_running(tmp_path):
    with running_site(tmp_path) as site:
        assert site.get("/") == 200
        commands = " ".join(site.family().values())
        assert "celery" in commands
        assert "postgres" in commands
        output = site.interrupt()
    assert "All has ended cleanly." in output
    assert site.process.returncode == 0
    assert left_running(site) == []


def test_a_killed_parent_takes_its_children_along(tmp_path):
    with running_site(tmp_path) as site:
        programs = psutil.Process(site.process.pid).children()
        site.process.kill()
        for each in programs:  # what they have started must end too, though they cannot end it any more
            each.kill()
        site.process.wait()
        children = [process for process, command in site.family().items() if "postgres" not in command]
        deadline = time.monotonic() + 20
        while any(process.is_running() for process in children) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not [command for command in site.family().values() if "postgres" not in command]
    # The database outlives a kill -9 of its parent by design; the next start joins it and ends it.
    with running_site(tmp_path) as again:
        again.wait_until_up(path="/health/")
    assert left_running(again) == []


def test_a_taken_port_is_a_sentence(tmp_path):
    with running_site(tmp_path) as site:
        second = manage(tmp_path, "up", "--port", str(site.port))
    assert second.returncode == 1
    assert f"Port {site.port}" in second.stderr
    assert "choose another port" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_site_survives_a_restart_of_its_database(tmp_path):
    with running_site(tmp_path) as site, ThreadPoolExecutor(16) as people:
        everybody = ["/"] * 32
        assert set(people.map(site.get, everybody)) == {200}
        postmaster = int((tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        next(process for process in site.family() if process.pid == postmaster).kill()
        time.sleep(1)
        site.wait_until_up(seconds=40, path="/")
        assert set(people.map(site.get, everybody)) == {200}


def test_a_malformed_setting_stops_the_start_with_a_sentence(tmp_path):
    refused = manage(tmp_path, "up", "--port", str(free_port()), SWEEP_SECONDS="many")
    assert refused.returncode != 0
    assert "SWEEP_SECONDS" in refused.stderr
    assert "Traceback" not in refused.stderr
