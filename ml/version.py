"""Which code trained a model."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def code_version() -> str:
    """Return 12 hex digits of the science library's own source files: they change exactly when the code does."""
    digest = hashlib.blake2b(digest_size=6)
    room = Path(__file__).parent
    for path in sorted(room.rglob("*.py")):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
