"""Unpack gzip in bounded memory."""

import zlib
from typing import BinaryIO

from ml.io.limits import MAX_BYTES, size_in_words
from ml.io.records import BadInput

MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_STEP = 1024**2


def gunzip(packed: BinaryIO, limit: int = MAX_BYTES) -> bytes:
    """Unpack all members of a gzip stream, and stop as soon as they exceed `limit` bytes.

    Raises
    ------
    BadInput
        The stream is truncated, is not gzip, or unpacks to more than `limit` bytes.
    """
    parts: list[bytes] = []
    room, pending, stream = limit, b"", zlib.decompressobj(_GZIP_WINDOW)
    started = False
    while pending or (pending := packed.read(_STEP)):
        if stream.eof:
            if not pending.startswith(MAGIC):
                break  # padding after the last member
            stream = zlib.decompressobj(_GZIP_WINDOW)
        part = _unpack(stream, pending, room + 1)
        started = True
        room -= len(part)
        if room < 0:
            raise BadInput(
                f"unpacks to more than {size_in_words(limit)}, so it was not opened further. "
                "Unpack it yourself (gunzip) if you trust it, and point to the unpacked file."
            )
        parts.append(part)
        pending = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not started or not stream.eof:
        raise BadInput("the gzip data end too early: the file is truncated. Fetch or make it again.")
    return b"".join(parts)


def _unpack(stream: "zlib._Decompress", packed: bytes, most: int) -> bytes:
    try:
        return stream.decompress(packed, most)
    except zlib.error as error:
        raise BadInput(f"is not valid gzip ({error}). Fetch or make the file again.") from error
