"""Strategies for files from strangers: arbitrary bytes, and valid files with damage; and a bound on memory.

The suite tries a few examples of each, the same ones every time. `WANDERERS_FUZZ=20000 pytest tests/unit/fuzz` tries as
many as that, new ones every time, and keeps what fails in .hypothesis.
"""

import gzip
import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("WANDERERS_FUZZ", "0"))
FUZZ = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    **({} if EXAMPLES else {"database": None}),
)
MOST_MEMORY = 600 * 2**20
"""Bytes that reading one small file may take: a decoder may unpack a subject of 256 MB, and copy it once."""

_TELLING = [bytes([each]) for each in b"\x00\x01\x7f\x80\xff 0123456789-+.,:;=|/\\\"'<>[]{}()&*#!\n\r\t"]
_NASTY = [b"9" * 40, b"-1", b"1e999", b"nan", b"\xed\xa0\x80", b"\xc2\xb2"]
_PLACE = st.floats(0, 1, exclude_max=True)
_EDIT = st.one_of(
    st.tuples(st.just("write"), _PLACE, st.one_of(st.binary(max_size=8), st.sampled_from(_TELLING))),
    st.tuples(st.just("insert"), _PLACE, st.binary(max_size=16)),
    st.tuples(st.just("insert"), _PLACE, st.sampled_from(_NASTY)),
    st.tuples(st.just("delete"), _PLACE, st.integers(1, 64)),
    st.tuples(st.just("repeat"), _PLACE, st.integers(1, 64)),
    st.tuples(st.just("end"), _PLACE, st.just(0)),
)  # fmt: skip


def damaged(*samples: bytes) -> st.SearchStrategy[bytes]:
    """Return valid files with up to ten edits, half of them within the first 4 kB, where headers are; and any bytes."""
    edits = st.lists(_EDIT, min_size=1, max_size=10)
    of_sample = st.builds(_edited, st.sampled_from(samples), edits, st.booleans())
    return st.one_of(of_sample, of_sample, of_sample, st.binary(max_size=400))


def packed(contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return gzip files of damaged contents, so that the damage reaches the reader below."""
    return contents.map(lambda content: gzip.compress(content, mtime=0))


def _edited(sample: bytes, edits: list, is_early: bool) -> bytes:
    out = bytearray(sample)
    for how, place, what in edits:
        at = int(place * min(len(out), 4096 if is_early else len(out)))
        if how == "write":
            out[at : at + len(what)] = what
        elif how == "insert":
            out[at:at] = what
        elif how == "delete":
            del out[at : at + what]
        elif how == "repeat":
            out[at:at] = out[at : at + what] * 3
        elif at:
            del out[at:]
    return bytes(out)


def read_or_refused(read: Callable[[], Any], *refusals: type[Exception]) -> Any:
    """Return what `read` returns, in bounded memory; None if it raises one of `refusals`, itself and with a reason."""
    with bounded_memory():
        try:
            return read()
        except refusals as refused:
            if type(refused) not in refusals or not str(refused):
                raise
            return None


@contextmanager
def bounded_memory(most: int = MOST_MEMORY):
    """Fail if this process took more memory than `most` within the block, freed or not."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    yield
    taken = _status("VmHWM") - before
    assert taken <= most, f"{taken / 2**20:.0f} MB"


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
