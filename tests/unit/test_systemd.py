"""The systemd units: sound, hardened, and up only while what they run responds; without systemd, killed as well."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from configparser import ConfigParser

import psutil
import pytest

from ml.io.message import to_json
from webapp.console.management.commands.listen import Command
from webapp.console.processes import HUNG
from webapp.core.environment import ROOT

FOLDER = ROOT / "docker" / "systemd"
SERVICES = sorted(path.name for path in FOLDER.glob("*.service"))
PARTS = ("web", "worker", "beat")
NOTIFIED = """
import sys
from pathlib import Path
import django
django.setup()
from webapp.console import notified_part, watchdog
watchdog.PAUSE_SECONDS = 0.05
watchdog.SILENT_SECONDS = watchdog.START_SECONDS = float(sys.argv[2])
sys.exit(notified_part.run("it", "It", sys.argv[3:], Path(sys.argv[1]).exists))
"""


def section(service, name="Service"):
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(FOLDER / service)
    return parser[name]


@pytest.fixture
def analyze(tmp_path):
    """Run systemd-analyze on copies of the units, which name this checkout instead of /srv/wanderers."""
    if not shutil.which("systemd-analyze"):
        if os.environ.get("WANDERERS_ALL_TESTS"):
            pytest.fail("systemd-analyze is missing, and all tests are required: apt-get install systemd")
        pytest.skip("systemd-analyze is not installed.")
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/srv/wanderers", str(ROOT)))

    def run(*options):
        command = ["systemd-analyze", "--no-pager", *options, *(str(tmp_path / name) for name in SERVICES)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_systemd_finds_no_fault(analyze):
    found = analyze("verify", "--man=no", "--recursive-errors=no")
    assert (found.returncode, found.stderr) == (0, "")


def test_the_units_are_hardened(analyze):
    found = analyze("security", "--offline=yes", "--threshold=20")
    assert found.returncode == 0, found.stdout


def test_no_unit_may_make_privileged_calls_and_one_that_does_gets_an_error():
    for name in SERVICES:
        lines = (FOLDER / name).read_text().splitlines()
        allowed = lines.index("SystemCallFilter=@system-service")
        assert lines[allowed + 1 : allowed + 3] == ["SystemCallFilter=~@privileged", "SystemCallErrorNumber=EPERM"]


def test_commands_run_as_the_units_do():
    manage = (FOLDER / "manage").read_text()
    service = section("wanderers-web.service")
    for name in ("Environment", "WorkingDirectory", "User"):
        option = {"Environment": "setenv", "WorkingDirectory": "working-directory", "User": "uid"}[name]
        assert f"--{option}={service[name]} " in manage
    assert f"--property=EnvironmentFile={service['EnvironmentFile']}" in manage
    assert f"--property=UMask={service['UMask']}" in manage
    assert service["ExecStart"].startswith("/srv/wanderers/.venv/bin/python manage.py")
    assert os.access(FOLDER / "manage", os.X_OK)


def test_the_guide_makes_account_database_and_bytecode_before_it_starts_the_parts():
    """The account may not write bytecode, and the migration waits for the database, as long as that takes."""
    (guide,) = re.findall(r"## Run with systemd\n(.*?)\n## ", (ROOT / "docs/admin.md").read_text(), re.DOTALL)
    steps = [
        "make venv",
        "-m compileall",
        "useradd",
        " createuser ",
        " createdb ",
        "systemctl enable",
        "manage createsu",
    ]
    assert sorted(steps, key=guide.index) == steps


def test_every_part_is_in_the_target_waits_for_the_migration_and_starts_again():
    target = (FOLDER / "wanderers.target").read_text()
    others = {"wanderers-migrate.service", "wanderers-listen@.service"}
    assert {f"wanderers-{part}.service" for part in PARTS} | others == {*SERVICES}
    for part in PARTS:
        assert f"wanderers-{part}.service" in target
        service, unit = section(f"wanderers-{part}.service"), section(f"wanderers-{part}.service", "Unit")
        assert service["ExecStart"].endswith(f"manage.py run_part {part}")
        assert (service["Type"], service["Restart"]) == ("notify", "always")
        assert unit["Requires"] == unit["After"] == "wanderers-migrate.service"
    assert "manage.py migrate" in (FOLDER / "wanderers-migrate.service").read_text()


def test_the_migration_waits_for_a_database_that_recovers_since_a_failure_would_leave_the_parts_stopped(tmp_path):
    """What requires a unit that fails is not started, also not once that unit starts again and succeeds."""
    service = section("wanderers-migrate.service")
    command = shlex.split(service["ExecStartPre"].replace("/srv/wanderers", str(ROOT)))
    away = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "WANDERERS_DATA": str(tmp_path)}
    with subprocess.Popen(command, env=away, cwd=ROOT, start_new_session=True) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(12)
        os.killpg(waiting.pid, signal.SIGTERM)
    assert service["TimeoutStartSec"] == "infinity"


def test_the_migration_goes_on_once_the_database_answers(tmp_path):
    service = section("wanderers-migrate.service")
    command = shlex.split(service["ExecStartPre"].replace("/srv/wanderers", str(ROOT)))
    here = os.environ | {"WANDERERS_DATA": str(tmp_path)}
    assert subprocess.run(command, env=here, cwd=ROOT, timeout=60, check=False).returncode == 0


def test_a_listener_takes_its_stream_from_a_file_of_its_own_and_starts_again():
    service, unit = section("wanderers-listen@.service"), section("wanderers-listen@.service", "Unit")
    assert service["EnvironmentFile"] == "/etc/wanderers/listen-%i", "the last one; the site's own stands before it"
    assert service["ExecStart"].endswith("manage.py listen $LISTEN --watched")
    assert (service["Type"], service["Restart"], unit["PartOf"]) == ("notify", "always", "wanderers.target")
    [command] = re.findall(r"echo (LISTEN=.*) > /etc/wanderers/listen-fink", (ROOT / "docs/admin.md").read_text())
    [line] = shlex.split(command)
    words = shlex.split(*shlex.split(line.removeprefix("LISTEN=")))
    given = Command().create_parser("manage.py", "listen").parse_args(words)
    assert (given.topic, given.survey, given.api) == ("Solar System candidate", "ztf", "fink")


@pytest.fixture
def systemd(tmp_path):
    """What systemd hears: a socket, and the environment that names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        yield heard, os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WANDERERS_DATA": str(tmp_path)}


def test_a_service_is_up_once_its_program_responds_and_silent_when_it_stops_to(systemd, tmp_path):
    heard, environment = systemd
    sign = tmp_path / "responds"
    command = [sys.executable, "-c", NOTIFIED, str(sign), "60", "sleep", "600"]
    with subprocess.Popen(command, env=environment, cwd=ROOT) as process:
        wait_until(psutil.Process(process.pid).children)
        heard.settimeout(2)
        with pytest.raises(TimeoutError):
            heard.recv(100)
        sign.touch()
        heard.settimeout(60)
        assert heard.recv(100) == b"READY=1\nWATCHDOG=1"
        sign.unlink()
        assert falls_silent(heard)
        process.send_signal(signal.SIGTERM)
        heard.settimeout(60)
        assert heard.recv(100) == b"STOPPING=1"
        assert process.wait(60) != 0
    assert not (tmp_path / "restarts").exists(), "it was told to stop"


def test_a_part_that_no_longer_responds_is_killed_with_its_children_also_without_systemd(tmp_path):
    sign, child = tmp_path / "responds", tmp_path / "child"
    sign.touch()
    noted = tmp_path / "restarts"
    hangs = f"trap '' TERM; sleep 600 & echo $! > {child}; kill -STOP $!; wait"
    command = [sys.executable, "-c", NOTIFIED, str(sign), "0.5", "sh", "-c", hangs]
    told = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    with subprocess.Popen(command, env=told | {"WANDERERS_DATA": str(tmp_path)}, cwd=ROOT) as process:
        wait_until(lambda: child.exists() and child.read_text().strip())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        sign.unlink()
        assert process.wait(60) not in (0, None), "what started it sees a failure"
    wait_until(lambda: has_ended(int(child.read_text())))
    [note] = noted.glob("*.json")
    assert json.loads(note.read_text()) | {"at": "", "host": ""} == {
        "part": "it",
        "host": "",
        "reason": to_json(HUNG()),
        "at": "",
    }


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "It did not come to pass in 60 s."
        time.sleep(0.1)


def has_ended(pid):
    """Return whether the process has ended; whether anybody has asked for its status does not matter."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def falls_silent(heard):
    """Return whether what was sent already ends, and nothing follows for two seconds."""
    heard.settimeout(2)
    try:
        return not [heard.recv(100) for _ in range(50)]
    except TimeoutError:
        return True


def test_the_web_server_is_run_as_a_part(systemd):
    heard, environment = systemd
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    told = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "run_part", "web", "--port", port]
    with subprocess.Popen(command, env=told, cwd=ROOT) as process:
        heard.settimeout(120)
        assert heard.recv(100) == b"READY=1\nWATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
