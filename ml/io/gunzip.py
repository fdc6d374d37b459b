"""Unpack gzip in bounded memory."""

import gzip
import zlib
from typing import BinaryIO

from ml.io.limits import MAX_BYTES, size_in_words
from ml.io.records import BadInput

MAGIC = b"\x1f\x8b"


def gunzip(packed: BinaryIO, limit: int = MAX_BYTES) -> bytes:
    """Unpack all members of a gzip stream, but not more than one byte over `limit`.

    Raises
    ------
    BadInput
        The stream is truncated, is not gzip, or unpacks to more than `limit` bytes.
    """
    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            unpacked = stream.read(limit + 1)
    except EOFError as error:
        raise BadInput("the gzip data end too early: the file is truncated. Fetch or make it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput("is not valid gzip (%(error)s). Fetch or make the file again.", error=error) from error
    if len(unpacked) > limit:
        raise BadInput(
            "unpacks to more than %(most)s, so it was not opened further. Unpack it yourself (gunzip) if "
            "you trust it, and point to the unpacked file.",
            most=size_in_words(limit),
        )
    return unpacked
