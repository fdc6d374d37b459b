"""Whatever a stream sends as an alert, a filter or a mapping, it is read or refused with BadInput."""

import io
import json

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.io.alerts.filters import Filter
from ml.io.alerts.mapping_file import read_mapping
from ml.io.alerts.messages import packets_of
from ml.io.alerts.subject import facts
from ml.io.gunzip import gunzip
from ml.io.records import BadInput
from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, read_or_refused
from tests.unit.io import packets

PACKET = packets.ztf()
SCHEMA = packets.schema_of(PACKET)
MAPPING = b"""survey: Ours
external_id: id
ra: candidate.ra
dec: candidate.dec
time: candidate.jd
is_julian: true
band: candidate.fid
bands: {1: g, 2: r}
cutouts: {science: cutoutScience.stampData}
marks: [id, candidate.ra]
side: 63
"""
FILTER = b"snr > 5 and (band in (g, 'r') or not within(10, -20.5, 0.6)) and sample(0.5) and -b / 2 + abs(ra) >= 1e3"


def bare():
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, PACKET)
    return out.getvalue()


MESSAGES = damaged(bare(), b"\0\0\0\0\7" + bare(), json.dumps({"i:jd": 1.0, "i:candid": 3, "i:fid": 1}).encode())


def read(message, schema=b""):
    read_or_refused(lambda: [facts(packet, where) for packet, where in packets_of(message, schema)], BadInput)


@given(MESSAGES)
@FUZZ
def test_messages(message):
    read(message)
    read(message, json.dumps(SCHEMA).encode())


@given(damaged(json.dumps(SCHEMA).encode()))
@FUZZ
def test_schemas(schema):
    read(bare(), schema)


@given(damaged(FILTER).map(lambda text: text.decode(errors="replace")))
@FUZZ
def test_filters(text):
    alert = {"snr": 7.0, "band": "g", "ra": 10.0, "dec": -20.0, "b": -80.0, "external_id": "x"}
    assert read_or_refused(lambda: Filter(text)(alert), BadInput) in (True, False, None)


@given(content=damaged(MAPPING))
@FUZZ
def test_mappings(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "packets.yaml"
    path.write_bytes(content)
    read_or_refused(lambda: read_mapping(path), BadInput)


def test_a_mapping_that_grows_without_end(tmp_path):
    levels = "\n".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30))
    path = tmp_path / "packets.yaml"
    path.write_text(f"scale:\n  - &l0 [x]\n{levels}\n")
    with bounded_memory(), pytest.raises(BadInput, match="aliases"):
        read_mapping(path)


@given(st.one_of(st.binary(max_size=300), damaged(packets.image(1.0))), st.sampled_from([10, 10_000]))
@FUZZ
def test_gzip(content, limit):
    unpacked = read_or_refused(lambda: gunzip(io.BytesIO(content), limit), BadInput)
    assert unpacked is None or len(unpacked) <= limit
