"""Typed readers of the environment: NAME, or NAME_FILE for a secret in a file."""

from pathlib import Path

from environs import FileAwareEnv

ROOT = Path(__file__).resolve().parent.parent
env = FileAwareEnv()


def data_folder() -> Path:
    """Return the folder of everything that is not code: database, broker, pixels, weights, reports."""
    return Path(env.str("WANDERERS_DATA", str(ROOT / "var"))).resolve()
