"""Typed readers of the environment: NAME, or NAME_FILE for a secret in a file."""

from pathlib import Path
from typing import Any

from environs import EnvError, FileAwareEnv

ROOT = Path(__file__).resolve().parent.parent
env = FileAwareEnv()


def data_folder() -> Path:
    """Return the folder of everything that is not code: database, broker, pixels, weights, reports."""
    return Path(env.str("WANDERERS_DATA", str(ROOT / "var"))).resolve()


def mail() -> dict[str, Any]:
    """Return Django's settings of mail that EMAIL_URL stands for: the log, unless it names a server."""
    found = dict(env.dj_email_url("EMAIL_URL", "console:"))
    if "EMAIL_BACKEND" not in found:
        raise EnvError('Environment variable "EMAIL_URL" invalid: it begins with submission://, smtp:// or console:')
    return found
