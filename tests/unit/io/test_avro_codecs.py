"""Avro's codecs: each is read, and none unpacks more than allowed."""

import gc
import tracemalloc
import zlib

import pyarrow as pa
import pytest

from ml.io.alerts.codecs import unpack
from ml.io.limits import MAX_BLOCK_BYTES
from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput
from tests.unit.io import packets
from tests.unit.io.packets import write
from tests.unit.io.test_bombs import whole


def packed(codec, data):
    if codec == "deflate":
        return zlib.compress(data, wbits=-15)
    if codec == "snappy":
        body = pa.Codec("snappy").compress(data, asbytes=True)
        return body + zlib.crc32(data).to_bytes(4, "big")
    return data if codec == "null" else pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_each_is_read(codec, tmp_path, subjects):
    path = tmp_path / "a.avro"
    write(path, *(packets.ztf() | {"candid": n} for n in range(5)), sync_interval=1)
    raw = path.read_bytes()
    blocks = raw[raw.index(raw[-16:]) :]
    assert blocks.count(raw[-16:]) == 6  # the header's, and one for each packet
    path.write_bytes(repacked(raw, codec))
    assert [subject.external_id for subject in subjects(path)] == ["0", "1", "2", "3", "4"]


def repacked(raw, codec):
    """Pack every block of an Avro file with another codec."""
    sync = raw[-16:]
    head, *blocks = raw.split(sync)[:-1]
    head = head.replace(whole(4) + b"null", whole(len(codec)) + codec.encode())
    out = head + sync
    for block in blocks:
        count, rest = block[:1], block[1:]
        length = 0
        while rest[length] & 0x80:
            length += 1
        data = packed(codec, rest[length + 1 :])
        out += count + whole(len(data)) + data + sync
    return out


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard"])
def test_a_bomb_is_refused_before_it_fills_the_memory(codec):
    bomb = packed(codec, bytes(30 * 1024**2))
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="holds a block of"):
            unpack(codec, bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BLOCK_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard"])
def test_damage_is_refused(codec):
    data = bytes(range(256)) * 50
    for damaged in (packed(codec, data)[:-6], b"", b"\xff" * 40):
        with pytest.raises(BadInput):
            unpack(codec, damaged)


def test_an_unknown_codec_is_named():
    with pytest.raises(BadInput, match=r"is packed with bzip2\. Write it with one of the codecs null, deflate"):
        unpack("bzip2", b"")


def test_the_packets_before_damage_are_read(tmp_path):
    path = write(tmp_path / "a.avro", *(packets.ztf() | {"candid": n} for n in range(4)), sync_interval=1)
    path.write_bytes(path.read_bytes()[:-40])
    *good, bad = read_subjects(path)
    assert [subject.external_id for subject in good] == ["0", "1", "2"]
    assert "is cut short or damaged" in bad.reason
    assert bad.row == 4
