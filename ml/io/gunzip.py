"""Unpack gzip in bounded memory."""

import gzip
import io
import zlib
from typing import BinaryIO

from ml.io.limits import MAX_BYTES, size_in_words
from ml.io.records import BadInput

MAGIC = b"\x1f\x8b"


def gunzip(packed: BinaryIO, limit: int = MAX_BYTES) -> bytes:
    """Unpack all members of a gzip stream, but not more than one byte over `limit`.

    Raises BadInput: the stream is truncated, is not gzip, or unpacks to more than `limit` bytes.
    """
    if isinstance(packed, io.BytesIO) and (whole := _one_member(packed.getvalue(), limit)) is not None:
        return whole
    try:
        with gzip.GzipFile(fileobj=packed) as stream:
            unpacked = stream.read(limit + 1)
    except EOFError as error:
        raise BadInput("the gzip data end too early: the file is truncated. Download or export it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput("is not valid gzip (%(error)s). Fetch or make the file again.", error=error) from error
    if len(unpacked) > limit:
        raise BadInput(
            "unpacks to more than %(most)s, so it was not opened further. Unpack it yourself (gunzip) if "
            "you trust it, and point to the unpacked file.",
            most=size_in_words(limit),
        )
    return unpacked


def _one_member(packed: bytes, limit: int) -> bytes | None:
    """Unpack the only member of a small stream, twice as quickly; None for anything else, damage included."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = stream.decompress(packed, limit)
    except zlib.error:
        return None
    return unpacked if stream.eof and not stream.unused_data else None
