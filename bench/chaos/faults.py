"""The faults: what breaks, by the name that the table gives it."""

import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from bench._site import FOLDER
from bench.chaos.brokers import restart
from bench.chaos.hanging import (
    HANG_SECONDS,
    PROMOTED_AFTER,
    hang_broker,
    hang_database,
    hang_primary,
    hang_storage,
    replace_hanging_primary,
    with_children,
)
from bench.chaos.site import Site

Fault = Callable[[Site], None]
SLOW_SECONDS = 20.0
CUT_SECONDS = 30.0  # longer than any time limit of a connection
BEFORE_UNMATCHED = "0001_initial"
"""The migration after it counts unmatched detections, then reads archive_subject to find some checks."""


def kill(name: str) -> Fault:
    return lambda site: site.process(name).kill()


def stop(name: str) -> Fault:
    """Stop a process for good: to all others it hangs."""

    def suspend(site: Site) -> None:
        site.suspended = [site.process(name)]
        site.suspended[0].suspend()

    return suspend


def restart_database(site: Site) -> None:
    """Shut the database down in its fast way, connections and all; `up` starts it again."""
    site.process("database").send_signal(signal.SIGINT)


def fill_disk(site: Site) -> None:
    """Fill the disk of the data folder to the last byte for fifteen seconds."""
    ballast, block = FOLDER / "ballast", bytes(2**20)
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(block):
                pass
    except OSError:
        time.sleep(15)
    finally:
        ballast.unlink(missing_ok=True)


def jump(hours: int, then: Fault | None = None) -> Fault:
    """Set the wall clock of all programs, for good; then something else happens to them."""

    def set_clock(site: Site) -> None:
        with Path(os.environ["WRONG_CLOCK"]).open("r+b") as file:
            (wrong_by,) = struct.unpack("q", file.read())
            file.seek(0)
            file.write(struct.pack("q", wrong_by + 3600 * hours))
        if then:
            then(site)

    return set_clock


def slow_disk(site: Site) -> None:
    """Make each flush to disk of the database and the worker take half a second, each write and read 20 ms."""
    slowed = [each for name in ("database", "worker") for each in with_children(site.process(name))]
    delays = {"fsync,fdatasync": "500ms", "pwrite64,pwritev,pread64,preadv": "20ms"}
    command = ["strace", "-f", "-q", "-o", os.devnull, "-e", f"trace={','.join(delays)}"]
    command += [word for calls, delay in delays.items() for word in ("-e", f"inject={calls}:delay_enter={delay}")]
    tracer = subprocess.Popen([*command, *(f"-p{process.pid}" for process in slowed)])
    time.sleep(SLOW_SECONDS)
    tracer.terminate()
    tracer.wait()


@contextmanager
def cut_off(port: int) -> Iterator[None]:
    """Drop every packet from and to a port, silently, as a cut cable does."""
    rules = [["INPUT", "-p", "tcp", side, str(port), "-j", "DROP"] for side in ("--dport", "--sport")]
    for rule in rules:
        subprocess.run(["iptables", "-I", *rule], check=True)
    try:
        yield
    finally:
        for rule in rules:
            subprocess.run(["iptables", "-D", *rule], check=True)


def cut_broker(site: Site) -> None:
    with cut_off(site.broker.port):
        time.sleep(CUT_SECONDS)


def cut_database(site: Site) -> None:
    with cut_off(site.servers.primary.port):
        time.sleep(CUT_SECONDS)


def kill_primary(site: Site) -> None:
    """Lose the primary for good; its replica is promoted."""
    pair = site.servers
    pair.attach_replica()
    pair.primary.kill()
    time.sleep(PROMOTED_AFTER)
    pair.promote()


def lose_primary(site: Site) -> None:
    """Lose the network to the primary, which goes on by itself; its replica is promoted meanwhile."""
    pair = site.servers
    pair.attach_replica()
    with cut_off(pair.primary.port):
        time.sleep(PROMOTED_AFTER)
        pair.promote()
        time.sleep(CUT_SECONDS)
        pair.replica.kill()  # it must not come back as a second primary


def end_upgrade(site: Site, upgrading: subprocess.Popen[bytes]) -> None:
    upgrading.kill()
    upgrading.wait()


def suspend_upgrade(site: Site, upgrading: subprocess.Popen[bytes]) -> None:
    """Let it hang; the server goes on with its statement, and then waits for the next one."""
    site.suspended = [psutil.Process(upgrading.pid)]
    site.suspended[0].suspend()


def amid_migration(program: str, end: Callable[[Site, subprocess.Popen[bytes]], None]) -> Fault:
    """Kill the site, and then end the program that upgrades it from an earlier schema, while it changes rows."""

    def upgrade(site: Site) -> None:
        site.kill()
        call_command("migrate", "known_objects", BEFORE_UNMATCHED, verbosity=0)
        with connection.cursor() as cursor, transaction.atomic():
            cursor.execute("LOCK TABLE archive_subject")
            if program == "up":
                site.start()
                upgrading = site.up
            else:
                upgrading = site.manage("migrate", "--verbosity=0")
            while not waits_for_lock(cursor):
                if upgrading.poll() is not None:
                    raise RuntimeError("The migration ended too early.")
                time.sleep(0.05)
            end(site, upgrading)
        site.start()

    return upgrade


def waits_for_lock(cursor: CursorWrapper) -> bool:
    """Return whether some program wants to read the subjects, and cannot go on."""
    cursor.execute("SELECT 1 FROM pg_locks WHERE relation = 'archive_subject'::regclass AND NOT granted")
    return cursor.fetchone() is not None


UPGRADING = ("migrate", "up")
PROCESSES = ("web server", "web process", "worker", "worker process", "beat", "database")
FAULTS: dict[str, Fault] = {
    **{f"kill -9 of the {name}": kill(name) for name in (*PROCESSES, "listener")},
    **{f"SIGSTOP of the {name}": stop(name) for name in (*PROCESSES, "listener")},
    "SIGSTOP of the database and all its processes": hang_database,
    **{f"kill -9 of manage.py {name} amid a migration": amid_migration(name, end_upgrade) for name in UPGRADING},
    **{f"SIGSTOP of manage.py {name} amid a migration": amid_migration(name, suspend_upgrade) for name in UPGRADING},
    "restart of PostgreSQL": restart_database,
    "restart of Redis": lambda site: restart(site.broker),
    "Redis loses all messages": lambda site: site.broker.empty(),
    f"Redis hangs for {HANG_SECONDS:.0f} s": hang_broker,
}
WITH_CLOCK: dict[str, Fault] = {
    "clock jumps ahead an hour": jump(1),
    "clock jumps back an hour": jump(-1),
    "clock jumps back an hour, and kill -9 of the worker": jump(-1, kill("worker")),
}
WITH_TRACER: dict[str, Fault] = {"slow disk for 20 s": slow_disk}
ON_SMALL_DISK: dict[str, Fault] = {"full disk": fill_disk}
# With RabbitMQ, a primary with its replica, and a bucket; the last three need a network of the benchmark's own.
APART: dict[str, Fault] = {
    "restart of RabbitMQ": lambda site: restart(site.broker),
    "RabbitMQ loses all messages": lambda site: site.broker.empty(),
    f"RabbitMQ hangs for {HANG_SECONDS:.0f} s": hang_broker,
    f"PostgreSQL hangs for {HANG_SECONDS:.0f} s": hang_primary,
    f"the S3 server hangs for {HANG_SECONDS:.0f} s": hang_storage,
    "failover of PostgreSQL: primary killed": kill_primary,
    "failover of PostgreSQL: primary hangs": replace_hanging_primary,
}
WITH_NETWORK: dict[str, Fault] = {
    f"network to RabbitMQ cut for {CUT_SECONDS:.0f} s": cut_broker,
    f"network to PostgreSQL cut for {CUT_SECONDS:.0f} s": cut_database,
    "failover of PostgreSQL: primary out of reach": lose_primary,
}


def of_one_machine() -> dict[str, Fault]:
    """Return the faults that can be tried here on a site that runs on one machine."""
    faults = FAULTS | (WITH_CLOCK if "WRONG_CLOCK" in os.environ else {})
    faults |= WITH_TRACER if shutil.which("strace") else {}
    return faults | (ON_SMALL_DISK if is_small_disk(FOLDER) else {})


def of_servers_apart() -> dict[str, Fault]:
    """Return the faults that can be tried here on a site with RabbitMQ and two database servers."""
    return APART | (WITH_NETWORK if "OWN_NETWORK" in os.environ else {})


def is_small_disk(folder: Path, most: int = 4 * 2**30) -> bool:
    """Return whether the folder's disk may be filled: a mount of its own, of a few gigabytes."""
    return shutil.disk_usage(folder).total < most
