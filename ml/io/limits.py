"""Limits on hostile files: bytes, pixels, and decoding errors as sentences.

They protect the site from files that lie about their size or unpack to far more than they contain; all are checked
before memory is allocated.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ml.io.message import Message
from ml.io.records import BadInput

MAX_BYTES = 256 * 1024**2
"""Maximum bytes of a subject's pixels, and of one unpacked file."""

MAX_HEADER_BYTES = 4 * 1024**2
"""Maximum bytes of the header of one HDU (about 50,000 cards)."""

MAX_BLOCK_BYTES = 2 * 1024**2
"""Maximum bytes of a block of alert packets; writers start a new one after 16 or 64 kB."""

MAX_COLUMNS = 10_000
"""Maximum number of columns of a manifest."""

MAX_SCANS = 100
"""Maximum number of passes of a progressive JPEG; a camera's has about ten, each over the whole image."""

MAX_TABLE_COLUMNS = 999
"""Maximum number of columns of a FITS table, by the standard."""

_ADDRESS = re.compile(r" *<[^<>]* at 0x[0-9a-f]+>")
"""The memory address in an error of a decoder, which means nothing to a reader."""

DEFLATE_MOST = 1032
"""Maximum compression ratio of deflate, and so of gzip."""


def size_in_words(n: int) -> str:
    """Format a number of bytes: ``10 GB``, ``1.5 MB``, ``512 bytes``."""
    for unit, worth in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= worth:
            return f"{n / worth:.3g} {unit}"
    return f"{n} bytes"


def check_bytes(n: int, what: Message) -> None:
    """Refuse `what` if its `n` bytes exceed the limit for one subject."""
    if n > MAX_BYTES:
        raise BadInput(
            "%(what)s would take %(size)s of memory, more than the %(most)s allowed. Cut it into smaller "
            "images, or point to single planes of it with a `plane` column.",
            what=what,
            size=size_in_words(n),
            most=size_in_words(MAX_BYTES),
        )


@contextmanager
def decoding(complaint: Message) -> Iterator[None]:
    """Run a library's decoder on data that may be damaged.

    Damaged data make decoders raise nearly anything: astropy alone raised thirteen kinds of error, including
    AttributeError and MemoryError, when bytes of its files were changed at random. So all of them are caught here; put
    nothing but the decoder call into this block.

    Raises BadInput: the error, with the decoder's own message.

    Parameters
    ----------
    complaint
        The error, such as "cannot be decompressed".
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is whether pixels come out
            yield
    except BadInput:
        raise
    except Exception as error:
        words = _ADDRESS.sub("", " ".join(str(error).split())) or type(error).__name__
        raise BadInput(
            "%(problem)s (%(error)s). Download or export it again.", problem=complaint, error=words[:200]
        ) from error
