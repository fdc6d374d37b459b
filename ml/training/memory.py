"""Keep freed memory inside the process during training (glibc malloc settings)."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # constants of glibc's malloc.h
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 64 * 2**20}
USUAL = {MMAP_MAX: 65_536, TRIM_THRESHOLD: 64 * 2**20, TOP_PAD: 128 * 2**10}


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Let this process keep freed memory inside the block, and return all of it afterwards.

    Otherwise the largest tensors of a step are mapped anew each time, and cleared by the kernel. Has no effect with C
    libraries other than glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    for name, value in KEEPING.items():
        libc.mallopt(name, value)
    try:
        yield
    finally:
        for name, value in USUAL.items():
            libc.mallopt(name, value)
        libc.malloc_trim(0)
