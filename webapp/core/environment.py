"""Typed environment variables (NAME, or NAME_FILE for a secret in a file), the data folder and the secret key."""

import hashlib
import os
import secrets
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environs import EnvError, FileAwareEnv

ROOT = Path(__file__).resolve().parent.parent.parent
env = FileAwareEnv()
NO_MAIL = [f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy")]
# Without these, a database server that vanishes without a word (its machine or network is lost) holds a connection for
# minutes.
NOTICE_A_LOST_SERVER = {
    "connect_timeout": 5,  # seconds, for each host of DATABASE_URL
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,  # milliseconds
}
# The same for the server, which would keep the locks of a client that has vanished for two hours.
NOTICE_A_LOST_CLIENT = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 2,
        "tcp_user_timeout": 20_000,
    }.items()
)


@contextmanager
def usable() -> Iterator[None]:
    """End the program with a sentence if a variable that is read in here cannot be used."""
    try:
        yield
    except ValueError as error:  # EnvError is one, as is that of a secret's file that cannot be read
        reason = str(error).rstrip(".")
        sys.exit(f"The settings in the environment cannot be used: {reason}. Correct that variable and start again.")


def version() -> str:
    """Return the site's version, as pyproject.toml has it: a checkout and an image are not installed as a package."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def data_folder() -> Path:
    """Return the data folder, with everything that is not code: database, broker, pixels, weights, reports."""
    return Path(env.str("WANDERERS_DATA", str(ROOT / "var"))).resolve()


def database(*, has_pooler: bool) -> dict[str, Any]:
    """Return the database of DATABASE_URL, whose own options win over ours; a pooler refuses those of the server."""
    found: dict[str, Any] = dict(env.dj_db_url("DATABASE_URL", "postgresql:///wanderers"))
    if not found.get("ENGINE", "").endswith(".postgresql"):
        raise EnvError('Environment variable "DATABASE_URL" invalid: it begins with postgresql://')
    ours = NOTICE_A_LOST_SERVER | ({} if has_pooler else {"options": NOTICE_A_LOST_CLIENT})
    return found | {"OPTIONS": ours | found.get("OPTIONS", {})}


def cache() -> dict[str, Any]:
    """Return Django's setting for the cache of CACHE_URL: without one, memory and the database."""
    if not env.str("CACHE_URL", ""):
        # Large enough that a flood of addresses does not evict other counts.
        return {"BACKEND": "webapp.core.shared_cache.MemoryAndDatabase", "OPTIONS": {"MAX_ENTRIES": 100_000}}
    found = dict(env.dj_cache_url("CACHE_URL"))
    signed = {"BACKEND": "webapp.core.shared_cache.SignedRedis"}
    return found | (signed if found["BACKEND"].endswith(".RedisCache") else {})


def metrics_token(data: Path) -> str:
    """Return METRICS_TOKEN; with one, name the folder where this site's web processes count requests.

    It lies on this machine, not in the data folder: processes of several nodes have the same numbers.
    """
    token = env.str("METRICS_TOKEN", "")
    if token:
        name = f"wanderers-metrics-{os.getuid()}-{hashlib.blake2b(bytes(data), digest_size=6).hexdigest()}"
        folder = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", f"{tempfile.gettempdir()}/{name}"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return token


def mail() -> dict[str, Any]:
    """Return Django's mail settings for EMAIL_URL: the log, unless it names a server."""
    config = dict(env.dj_email_url("EMAIL_URL", "console:"))
    if "EMAIL_BACKEND" not in config:
        raise EnvError('Environment variable "EMAIL_URL" invalid: it begins with submission://, smtp:// or console:')
    return config


def secret_key(data: Path) -> str:
    """Return the key in `data`/secret-key, creating it (readable by its owner only) at the first start."""
    path = data / "secret-key"
    data.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text()


def former_keys() -> list[str]:
    """Return SECRET_KEY_FALLBACKS, each also with a line break: SECRET_KEY_FILE counts with the one at its end."""
    given: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
    return [each for key in given if key.strip() for each in (key.strip(), f"{key.strip()}\n")]
