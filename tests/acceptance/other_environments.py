"""Other projects' tools, each in a virtual environment of its own, since their pins differ.

`make panoptes` and `make label-studio` make them. Run as `python -m tests.acceptance.other_environments NAME`, it
prints the environment's path.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import fasteners
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = {"panoptes": "panoptes-aggregation", "label-studio": "label-studio-sdk"}


def environment_or_skip(name: str) -> Path:
    """Return the folder of a tool's programs; skip the test without network, unless all tests are required."""
    try:
        return environment(name)
    except subprocess.CalledProcessError:
        if os.environ.get("WANDERERS_ALL_TESTS"):
            raise
        pytest.skip(f"{PACKAGES[name]} is not on this machine: run make {name} where there is a network.")


def environment(name: str) -> Path:
    """Return the folder of a tool's programs, created on first use and when its versions change."""
    constraints = Path(__file__).with_name(f"{name}-constraints.txt")
    digest = hashlib.blake2b(constraints.read_bytes() + sys.version.encode(), digest_size=6).hexdigest()
    folder = ROOT / "var" / f"{name}-{digest}"
    folder.parent.mkdir(exist_ok=True)
    with fasteners.InterProcessLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            _make(folder, constraints, PACKAGES[name])
    return folder / "bin"


def _make(folder: Path, constraints: Path, package: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    venv = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]
    wanted = ["--constraints", constraints, package]
    pip = [uv, "pip", "install", "--quiet", "--system-certs", "--python", folder / "bin" / "python", *wanted]
    for command in (venv, pip):
        subprocess.run(command, check=True)
    (folder / "complete").touch()


if __name__ == "__main__":
    sys.stdout.write(f"{environment(sys.argv[1])}\n")
