"""Avro's codecs, each with a limit on what it unpacks to."""

import zlib

import pyarrow as pa

from ml.io.alerts.avro_bounds import check_block
from ml.io.limits import MAX_BLOCK_BYTES, decoding
from ml.io.message import Message
from ml.io.records import BadInput

CODECS = ("null", "deflate", "snappy", "zstandard")

_CHECKSUM = 4  # bytes of CRC-32 after a block packed with snappy
_LONGEST_SIZE = 5  # bytes of a size of 32 bits, seven bits a byte


def unpack(codec: str, packed: bytes) -> bytes:
    """Unpack a block of an Avro file.

    Raises BadInput: an unknown codec, damaged data, or more than the allowed bytes: at most one byte more is unpacked.

    Parameters
    ----------
    codec
        As in the file's header.
    """
    if codec not in CODECS:
        raise BadInput(
            "is packed with %(codec)s. Write it with one of the codecs %(codecs)s.",
            codec=codec[:40],
            codecs=", ".join(CODECS),
        )
    with decoding(Message("holds a block that cannot be unpacked")):
        data = packed if codec == "null" else _UNPACKERS[codec](packed)
    check_block(len(data))
    return data


def _deflate(packed: bytes) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    data = stream.decompress(packed, MAX_BLOCK_BYTES + 1)
    if not stream.eof and len(data) <= MAX_BLOCK_BYTES:
        raise ValueError("it ends too early")
    return data


def _snappy(packed: bytes) -> bytes:
    body, checksum = packed[:-_CHECKSUM], packed[-_CHECKSUM:]
    size = _stated_size(body)
    check_block(size)
    data = pa.Codec("snappy").decompress(body, size, asbytes=True)
    if zlib.crc32(data).to_bytes(_CHECKSUM, "big") != checksum:
        raise ValueError("its checksum is wrong")
    return bytes(data)


def _stated_size(body: bytes) -> int:
    """Return the size that snappy's data begin with."""
    size = 0
    for place, byte in enumerate(body[:_LONGEST_SIZE]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return size
    raise ValueError("it states no size")


def _zstandard(packed: bytes) -> bytes:
    if not packed:
        raise ValueError("it is empty")
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        return bytes(stream.read(MAX_BLOCK_BYTES + 1))


_UNPACKERS = {"deflate": _deflate, "snappy": _snappy, "zstandard": _zstandard}
