"""Zooniverse's panoptes_aggregation in its own virtual environment, since its pins differ. Made by `make panoptes`.

Run as `python -m tests.acceptance.panoptes_environment`, it prints the environment's path.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import fasteners

ROOT = Path(__file__).resolve().parent.parent.parent
CONSTRAINTS = Path(__file__).with_name("panoptes-constraints.txt")


def panoptes_environment() -> Path:
    """Return the folder of the tool's programs, created on first use and when its versions change."""
    digest = hashlib.blake2b(CONSTRAINTS.read_bytes() + sys.version.encode(), digest_size=6).hexdigest()
    folder = ROOT / "var" / f"panoptes-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with fasteners.InterProcessLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            _make(folder)
    return folder / "bin"


def _make(folder: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    venv = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]
    wanted = ["--constraints", CONSTRAINTS, "panoptes-aggregation"]
    pip = [uv, "pip", "install", "--quiet", "--system-certs", "--python", folder / "bin" / "python", *wanted]
    for command in (venv, pip):
        subprocess.run(command, check=True)
    (folder / "complete").touch()


if __name__ == "__main__":
    sys.stdout.write(f"{panoptes_environment()}\n")
