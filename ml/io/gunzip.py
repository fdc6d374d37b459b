"""Unpack gzip in bounded memory."""

import gzip
import io
import zlib
from typing import BinaryIO

from ml.io.limits import MAX_BYTES, size_in_words
from ml.io.records import BadInput

MAGIC = b"\x1f\x8b"
PIECE = 2**18
SPARE = 2 * PIECE
"""Packed bytes that may be read ahead of what they unpack to."""
LARGEST_OVERHEAD = 1.1
"""Packed bytes for each unpacked one: deflate adds 0.03 % at most, and a member 18 bytes."""


def gunzip(packed: BinaryIO, limit: int = MAX_BYTES) -> bytes:
    """Unpack all members of a gzip stream, but not more than one byte over `limit`.

    Raises BadInput: the stream is truncated, is not gzip, unpacks to more than `limit` bytes, or has so many members of
    next to nothing that they would take minutes.
    """
    if isinstance(packed, io.BytesIO) and (whole := _one_member(packed.getvalue(), limit)) is not None:
        return whole
    try:
        unpacked = _all_members(packed, limit)
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


class _Fed(io.RawIOBase):
    """Packed bytes for `GzipFile`, which would skip empty members without end, 20 bytes each."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self.packed, self.given, self.most = packed, 0, SPARE

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, unless too many were read for what came out."""
        if self.given > self.most:
            raise BadInput("is gzip data in very many parts that hold next to nothing. Unpack it, and pack it again.")
        data = self.packed.read(size)
        self.given += len(data)
        return data


def _all_members(packed: BinaryIO, limit: int) -> bytes:
    fed, unpacked = _Fed(packed), io.BytesIO()
    with gzip.GzipFile(fileobj=fed) as stream:
        while part := stream.read(min(PIECE, limit + 1 - unpacked.tell())):
            unpacked.write(part)
            fed.most = int(unpacked.tell() * LARGEST_OVERHEAD) + SPARE
    return unpacked.getvalue()


def _one_member(packed: bytes, limit: int) -> bytes | None:
    """Unpack the only member of a small stream, twice as quickly; None for anything else, damage included."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = stream.decompress(packed, limit)
    except zlib.error:
        return None
    return unpacked if stream.eof and not stream.unused_data else None
