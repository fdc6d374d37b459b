"""Packets of every known survey, and of one that nobody wrote code for."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.io.alerts.mapping_file import read_mapping
from ml.io.alerts.messages import packets_of
from ml.io.records import BadInput
from tests.unit.io import packets
from tests.unit.io.packets import schema_of, write
from tests.unit.io.test_bombs import sized, whole

TAI_TO_UTC = 37 / 86400
HALF_A_MINUTE = 15 / 86400

# survey: packet, external id, group, time, band, magnitude, signal-to-noise ratio, levels of the channels
KNOWN = {
    "ZTF": (packets.ztf, "2454460970015010006", "433", 60380.5 + HALF_A_MINUTE, "r", 17.0, 10.0, [0, 1, 2]),
    "ATLAS": (packets.atlas, "02a59543o0040o_006230", "1200825211121548288", 59543.194825, "o", 18.3, 10.0, [0, 1]),
    "WINTER": (packets.winter, "3608694", "433", 60380.5 + 60 / 86400, "J", 17.0, 10.0, [0, 1, 2]),
    "PGIR": (packets.pgir, "114297926", "PGIR19aacbvv", 60380.5 + 35.625 / 86400, "J", 17.0, 10.0, [0, 1, 2]),
    "TURBO": (packets.turbo, "8", "433", 60380.5, "", 17.0, 10.0, [0, 1, 2]),
    "DECam": (packets.decam, "65346", "c4d_1", 60600.0, "g", 23.55, 5.0, [0, 1, 2]),
    "Rubin 10": (
        packets.rubin, "170595940828184636", "2013 GR59", 60902.5 - TAI_TO_UTC, "z", 22.5, 15.5, [0, 1, 2]
    ),
    "Rubin 4": (packets.rubin_4, "7", "12", 59583.0 - TAI_TO_UTC, "r", 26.42, 5.0, [0, None, 1]),
    "ALeRCE": (packets.alerce, "245", "433", 60380.5 + HALF_A_MINUTE, "g", 18.0, 10.857, [0, 1, 2]),
}  # fmt: skip


@pytest.mark.parametrize("survey", KNOWN)
def test_a_packet_of_each_survey(survey, tmp_path, subjects):
    packet, name, group, mjd, band, mag, snr, levels = KNOWN[survey]
    (subject,) = subjects(write(tmp_path / "a.avro", packet()))
    frame = subject.frames[0]
    assert (subject.external_id, subject.object_group, subject.kind, frame.band) == (name, group, "stamp", band)
    assert frame.mjd_mid == pytest.approx(mjd, abs=1e-8)
    assert (frame.mag, frame.snr) == (pytest.approx(mag, abs=0.005), pytest.approx(snr, rel=1e-3))
    found = [None if np.isnan(plane).all() else plane[3, 3] for plane in frame.pixels]
    assert found == levels
    assert frame.pixels.dtype == np.float32


@pytest.mark.parametrize("survey", KNOWN)
def test_what_tells_the_answer_is_hidden(survey, tmp_path, subjects):
    (subject,) = subjects(write(tmp_path / "a.avro", KNOWN[survey][0]()))
    leaky = {"rb", "drb", "classtar", "reliability", "Pkn", "Pmv", "ssnamenr", "ssdistnr", "ssObjectId", "rfscore"}
    assert not leaky & set(subject.metadata)


@pytest.mark.parametrize(
    ("packet", "hint"), [(packets.ztf, "433, 2.2″"), (packets.rubin, "2013 GR59"), (packets.atlas, None)]
)
def test_the_surveys_known_object_is_told_after_the_answer(packet, hint, tmp_path, subjects):
    (subject,) = subjects(write(tmp_path / "a.avro", packet()))
    assert subject.metadata.get("!known object") == hint


def test_a_cutouts_wcs_is_kept(tmp_path, subjects):
    (atlas,) = subjects(write(tmp_path / "a.avro", packets.atlas()))
    assert atlas.frames[0].wcs["CRVAL1"] == 10.0
    (rubin,) = subjects(write(tmp_path / "a.avro", packets.rubin()))
    assert (rubin.frames[0].wcs["CTYPE1"], rubin.frames[0].wcs["PC2_2"]) == ("RA---TAN", -5.5e-5)


def test_a_default_that_does_not_fit_its_type_does_not_matter(tmp_path, subjects):
    packet = packets.turbo()
    schema = schema_of(packet)
    path = write(tmp_path / "a.avro", packet, schema=schema)
    schema["fields"][2]["type"]["fields"][-1] |= {"default": 5}  # of a type that may be null first
    (subject,) = subjects(raw_with_schema(path, schema))
    assert subject.external_id == "8"


def raw_with_schema(path, schema):
    """Write the file's blocks again under another schema, which fastavro itself would refuse."""
    raw = path.read_bytes()
    sync = raw[-16:]
    blocks = raw[raw.index(sync) + 16 :]
    pairs = sized(b"avro.schema") + sized(json.dumps(schema).encode()) + sized(b"avro.codec") + sized(b"null")
    path.write_bytes(b"Obj\x01" + whole(2) + pairs + whole(0) + sync + blocks)
    return path


def test_cutouts_of_different_sizes_and_times_in_the_future(tmp_path, complaint):
    mixed = packets.pgir() | {"cutoutTemplate": packets.image(1, side=31)}
    assert "have shapes (31, 31) and (61, 61)" in complaint(write(tmp_path / "a.avro", mixed)).reason
    later = packets.rubin(midpointMjdTai=99_000.0)
    assert "lies in the future" in complaint(write(tmp_path / "a.avro", later)).reason


def test_a_packet_of_unknown_fields(tmp_path, complaint):
    bad = complaint(write(tmp_path / "a.avro", {"id": "1", "image": packets.image(1)}))
    assert "not an alert packet of a known survey" in bad.reason
    assert "mapping file" in bad.reason


MAPPING = """\
survey: Small Telescope
external_id: id
object_group: star
ra: where.ra
dec: where.dec
time: when
scale: TAI
band: colour
bands: {4: V}
mag: brightness
hidden: [verdict]
cutouts: {difference: minus, science: now}
sentinels: [-1]
"""


def test_a_mapping_also_reads_the_messages_of_a_stream(tmp_path):
    (tmp_path / "packets.yaml").write_text(MAPPING)
    given = read_mapping(tmp_path / "packets.yaml")
    message = write(tmp_path / "a.avro", {"id": "n1", "minus": b"x"}).read_bytes()
    ((packet, where),) = packets_of(message, given=given)
    assert where.value(packet, where.external_id) == "n1"
    with pytest.raises(BadInput, match="not an alert packet of a known survey"):
        list(packets_of(message))


def test_a_mapping_file_teaches_a_survey(tmp_path, subjects):
    packet = {"id": "n1", "star": "s", "where": {"ra": 1.5, "dec": 2.5}, "when": 60000.0, "colour": 4, "verdict": 1.0}
    packet |= {"brightness": -1.0, "minus": packets.image(0), "now": packets.image(1), "seeing": 2.0}
    (tmp_path / "night").mkdir()
    write(tmp_path / "night/a.avro", packet)
    (tmp_path / "night/packets.yaml").write_text(MAPPING)
    (subject,) = subjects(tmp_path / "night")
    frame = subject.frames[0]
    assert (subject.external_id, subject.object_group, subject.ra, frame.band) == ("n1", "s", 1.5, "V")
    assert frame.mjd_mid == pytest.approx(60000.0 - TAI_TO_UTC, abs=1e-9)
    assert frame.mag is None
    assert {"#verdict": 1.0, "seeing": 2.0}.items() <= subject.metadata.items()
    assert "verdict" not in subject.metadata


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("ra: where.ra\n", ""), "says nothing about `ra`"),
        (("mag: brightness", "brightness: mag"), "names `brightness`, which has no meaning"),
        (("scale: TAI", "scale: noon"), "not a known time scale"),
        (("bands: {4: V}", "bands: {4: [V]}"), "`bands` cannot be"),
        (("survey: Small", "survey: [Small"), "is no YAML"),
        (("survey: Small", "survey: " + "[" * 60_000), "nested deeper than 16 levels"),
        (("survey: Small", "survey: &a Small\nscale: *a"), "has YAML aliases"),
    ],
)
def test_a_mapping_file_that_says_nonsense(change, said, tmp_path, complaint):
    write(tmp_path / "a.avro", packets.ztf())
    (tmp_path / "packets.yaml").write_text(MAPPING.replace(*change))
    bad = complaint(tmp_path)
    assert said in bad.reason
    assert bad.file == "packets.yaml"


def test_finks_parquet_nested_and_flat(tmp_path, subjects):
    nested = packets.ztf()
    pq.write_table(pa.Table.from_pylist([nested] * 3), tmp_path / "nested.parquet")
    flat = {f"i:{key}": value for key, value in nested["candidate"].items()} | {"d:rf": 0.5, "i:objectId": "ZTF18a"}
    flat |= {"b:cutoutScience_stampData": [[1.0] * 63] * 63, "b:cutoutDifference_stampData": packets.image(0, 63)}
    pq.write_table(pa.Table.from_pylist([flat | {"i:candid": n} for n in range(40)]), tmp_path / "api.parquet")
    found = subjects(tmp_path / "nested.parquet")
    assert [subject.external_id for subject in found] == ["2454460970015010006"] * 3
    found = subjects(tmp_path / "api.parquet")
    assert [subject.external_id for subject in found] == [str(n) for n in range(40)]
    assert (found[0].object_group, found[0].frames[0].band) == ("433", "r")
    assert {"#d:rf", "#i:rb", "!known object"} <= set(found[0].metadata)
    levels = found[0].frames[0].pixels[:, 5, 5]
    assert levels[:2].tolist() == [0, 1]
    assert np.isnan(levels[2])


def test_a_parquet_file_of_too_many_values(tmp_path, complaint):
    count = 51_000_000
    column = pa.array(np.zeros(count, "i1"))
    pq.write_table(pa.table({"candid": column}), tmp_path / "a.parquet", row_group_size=count)
    assert "claims more than 50,000,000 values" in complaint(tmp_path / "a.parquet").reason
    (tmp_path / "a.parquet").write_bytes(b"PAR1" * 100)
    assert "is not a whole Parquet file" in complaint(tmp_path / "a.parquet").reason
