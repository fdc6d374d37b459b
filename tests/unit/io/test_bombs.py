"""Small files that ask for far too much are refused quickly, with an explanation."""

import gzip
import json

import pytest
from astropy.io import fits
from PIL import Image

from tests.unit.io.test_avro import SCHEMA
from tests.unit.io.test_manifest import row

pytestmark = pytest.mark.timeout(20)  # most of these took minutes, or gigabytes


def whole(number):
    """Return a number as Avro writes it: zigzag, seven bits a byte."""
    number, out = (number << 1) ^ (number >> 63), b""
    while number & ~0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def sized(data):
    return whole(len(data)) + data


def packet(extra, data, *, named=(), count=1):
    """Return an Avro file of one block whose schema has a field of type `extra` before those of a ZTF packet."""
    fields = [*named, {"name": "extra", "type": extra}, *SCHEMA["fields"]]
    head = {b"avro.schema": json.dumps(SCHEMA | {"fields": fields}).encode(), b"avro.codec": b"null"}
    pairs = b"".join(sized(key) + sized(value) for key, value in head.items())
    sync = b"-" * 16
    return b"Obj\x01" + whole(2) + pairs + whole(0) + sync + whole(count) + sized(data) + sync


def record(name, *types):
    return {"type": "record", "name": name, "fields": [{"name": f"f{n}", "type": each} for n, each in enumerate(types)]}


NODE = {"type": "record", "name": "node", "fields": [{"name": "next", "type": ["null", "node"]}]}
AVRO = {
    "nulls": ({"type": "array", "items": "null"}, whole(2**28) + whole(0), "values of no bytes"),
    "empty records": ({"type": "array", "items": record("e")}, whole(2**28) + whole(0), "values of no bytes"),
    "fixed of none": (
        {"type": "map", "values": {"type": "fixed", "name": "f", "size": 0}}, whole(1) + sized(b"a"), "of no bytes"
    ),
    "many nulls in one": ({"type": "array", "items": record("r", *["null"] * 99, "int")}, b"", "values of no bytes"),
    "no end": (NODE, b"\x02" * 900_000, "a record within itself"),
    "within each other": (
        record("a", record("b", record("c", record("d", record("e", "int"))))), b"\x02", "more than 5 records within"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AVRO)
def test_a_packet_that_unpacks_to_far_more_than_its_bytes(name, tmp_path, complaint):
    extra, data, said = AVRO[name]
    path = tmp_path / "alert.avro"
    path.write_bytes(packet(extra, data))
    bad = complaint(path)
    assert bad.reason.startswith("has a schema with ")
    assert said in bad.reason


def test_a_large_block_is_not_unpacked(tmp_path, complaint):
    path = tmp_path / "alert.avro"
    path.write_bytes(packet({"type": "array", "items": "int"}, whole(2**22) + b"\x02" * 2**22 + whole(0)))
    assert complaint(path).reason.startswith("holds a block of 4.19 MB; 2.1 MB are allowed.")


def test_packets_of_no_bytes_are_not_counted(tmp_path, complaint):
    path = tmp_path / "alert.avro"
    path.write_bytes(packet("int", b"", count=2**40).replace(b'"objectId"', b'"objectIb"'))
    assert "is not an alert packet of a known survey" in complaint(path).reason


def test_a_long_decimal_is_read_as_bytes(tmp_path, complaint):
    path = tmp_path / "alert.avro"
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 4}
    path.write_bytes(packet(decimal, sized(b"\x7f" * 900_000)))  # fastavro would take minutes to convert it
    assert "is not a whole Avro file" in complaint(path).reason  # nothing follows the decimal


def test_a_manifest_of_200_000_columns(tmp_path, complaint):
    path = tmp_path / "manifest.csv"
    path.write_text(",".join(f"c{n}" for n in range(200_000)) + "\n1\n")
    bad = complaint(path)
    assert bad.reason == "the header names 200,000 columns; 10,000 are allowed. Leave some out."


def test_a_manifest_of_empty_rows(tmp_path, complaint):
    path = tmp_path / "m.csv"
    path.write_bytes(b"image\n" + b"\n" * 2_100_000)
    assert complaint(path).reason == "has more than 2,000,000 empty rows. Delete them; no row below was read."


def test_a_manifest_of_many_columns_is_read(write_manifest, write_fits, sky_noise, subjects):
    write_fits("a.fits", sky_noise(8, 8))
    (subject,) = subjects(write_manifest(row() | {f"c{n}": n for n in range(9_000)}))
    assert len(subject.metadata) == 9_000


@pytest.mark.parametrize("cells", [b"a," * 4_000_000, b'"\n",' * 2_000_000], ids=["one line", "lines within quotes"])
def test_a_row_without_end(cells, tmp_path, complaint):
    path = tmp_path / "manifest.csv"
    path.write_bytes(b"image\n" + cells)
    assert "has more than 4194304 characters" in complaint(path).reason


@pytest.mark.parametrize("content", [b"", b"x"], ids=["nothing", "a byte"])
def test_gzip_in_millions_of_members(tmp_path, complaint, content):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(content) * 3_000_000)
    assert "in very many parts that hold next to nothing" in complaint(path).reason


def test_gzip_in_many_members_of_noise_is_read(write_fits, sky_noise, tmp_path, subjects):
    raw = write_fits("a.fits", sky_noise(1000, 1000)).read_bytes()
    (tmp_path / "b").mkdir()
    parts = (gzip.compress(raw[start : start + 1000], 0) for start in range(0, len(raw), 1000))
    (tmp_path / "b" / "a.fits.gz").write_bytes(b"".join(parts))
    assert len([*subjects(tmp_path / "b")]) == 1


def test_a_table_of_a_billion_columns(tmp_path, complaint, sky_noise):
    path = tmp_path / "a.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("TIME", "D", array=[1.0])], name="PIXELS")
    fits.HDUList([fits.PrimaryHDU(), table, fits.ImageHDU(sky_noise(8, 8))]).writeto(path)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"TFIELDS =                    1", b"TFIELDS =            999999999"))
    assert "has more than 999 columns" in complaint(path).reason


def test_a_jpeg_of_a_thousand_passes(tmp_path, complaint):
    path = tmp_path / "a.jpg"
    Image.new("L", (64, 64)).save(path, progressive=True)
    raw = path.read_bytes()
    last = raw[raw.rindex(b"\xff\xda") : -2]
    path.write_bytes(raw[:-2] + last * 1000 + raw[-2:])
    assert "more than 100 passes" in complaint(path).reason
