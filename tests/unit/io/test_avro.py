"""Synthetic ZTF packets in the survey's schema."""

import gzip
import io

import fastavro
import numpy as np
import pytest
from astropy.io import fits

STAMP_DATA = [{"name": "stampData", "type": "bytes"}]
SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "objectId", "type": "string"},
        {"name": "candid", "type": "long"},
        {
            "name": "candidate",
            "type": {
                "type": "record",
                "name": "candidate",
                "fields": [
                    {"name": name, "type": ["null", kind, {"type": "array", "items": "int"}], "default": None}
                    for name, kind in {
                        "jd": "double", "fid": "int", "ra": "double", "dec": "double", "xpos": "float", "ypos": "float",
                        "magpsf": "float", "sigmapsf": "float", "rb": "float", "drb": "float", "ssdistnr": "float",
                        "ssmagnr": "float", "ssnamenr": "string", "exptime": "float", "objectidps1": "long",
                    }.items()
                ],
            },
        },
        *(
            {
                "name": f"cutout{name}",
                "type": ["null", {"type": "record", "name": f"cutout{name}", "fields": STAMP_DATA}],
            }
            for name in ("Science", "Template", "Difference")
        ),
    ],
}  # fmt: skip

CANDIDATE = {
    "jd": 2458451.75, "fid": 2, "ra": 26.8, "dec": -26.9, "xpos": 1500.0, "ypos": 1500.0, "magpsf": 18.0,
    "sigmapsf": 0.108573620, "rb": 0.6, "drb": None, "ssdistnr": -999.0, "ssmagnr": -999.0, "ssnamenr": "null",
    "exptime": 30.0, "objectidps1": 75630268567608995,
}  # fmt: skip


def stamp(pixels):
    out = io.BytesIO()
    fits.PrimaryHDU(pixels.astype(">f4")).writeto(out)
    return {"stampData": gzip.compress(out.getvalue())}


@pytest.fixture
def write_packets(tmp_path):
    def write(*changes, shape=(63, 63), codec="null", name="alert.avro"):
        packets = []
        for n, change in enumerate(changes):
            cutouts = {
                f"cutout{c}": stamp(np.full(shape, v)) for v, c in enumerate(("Difference", "Science", "Template"))
            }
            packet = {"objectId": "ZTF18abc", "candid": 697251920015010010 + n} | cutouts
            packet |= {key: change.pop(key) for key in list(change) if key.startswith("cutout")}
            packets.append(packet | {"candidate": CANDIDATE | change})
        path = tmp_path / name
        with path.open("wb") as out:
            fastavro.writer(out, SCHEMA, packets, codec=codec)
        return path

    return write


def test_a_packet_is_a_stamp_of_difference_science_and_template(write_packets, subjects):
    (subject,) = subjects(write_packets({}))
    assert (subject.external_id, subject.object_group, subject.kind) == ("697251920015010010", "ZTF18abc", "stamp")
    assert subject.block().shape == (1, 3, 63, 63)
    assert subject.block().dtype == np.dtype("f4").newbyteorder("=")
    assert [plane[0, 0] for plane in subject.frames[0].pixels] == [0, 1, 2]
    frame = subject.frames[0]
    assert (frame.band, frame.exptime, frame.ra, frame.dec) == ("r", 30.0, 26.8, -26.9)
    assert frame.snr == pytest.approx(10.0)


def test_jd_is_the_start_of_the_exposure(write_packets, subjects):
    told, untold = subjects(write_packets({"exptime": 60.0}, {"exptime": None}))
    assert told.frames[0].mjd_mid == pytest.approx(58451.25 + 30 / 86400, abs=1e-9)
    assert told.frames[0].mjd_keyword == "jd + exptime/2"
    assert untold.frames[0].mjd_mid == pytest.approx(58451.25 + 15 / 86400, abs=1e-9)
    assert untold.frames[0].mjd_keyword == "jd + 15 s (no exptime)"


def test_sentinels_are_left_out_and_leaky_values_are_hidden(write_packets, subjects):
    (subject,) = subjects(write_packets({"ssdistnr": 3.0, "magpsf": -999.0}))
    assert subject.metadata["#rb"] == pytest.approx(0.6)
    assert subject.metadata["#ssdistnr"] == 3.0
    assert not {"rb", "ssdistnr", "ssnamenr", "#ssnamenr", "magpsf", "drb"} & set(subject.metadata)
    assert subject.frames[0].mag is None


def test_whole_numbers_that_a_browser_would_round_are_text(write_packets, subjects):
    (subject,) = subjects(write_packets({}))
    assert subject.metadata["objectidps1"] == "75630268567608995"


@pytest.mark.parametrize(("distance", "group"), [(0.0, "433"), (5.0, "433"), (5.1, "ZTF18abc"), (-999.0, "ZTF18abc")])
def test_known_objects_are_one_group(distance, group, write_packets, subjects):
    (subject,) = subjects(write_packets({"ssdistnr": distance, "ssnamenr": "433"}))
    assert subject.object_group == group


@pytest.mark.parametrize(
    ("place", "shape", "kept"),
    [
        ({"ypos": 3058.6}, (53, 63), np.s_[:53, :]),
        ({"ypos": 20.0}, (53, 63), np.s_[10:, :]),
        ({"xpos": 3060.0}, (63, 44), np.s_[:, :44]),
        ({"xpos": 12.0, "ypos": 3070.0}, (50, 44), np.s_[:50, 19:]),
    ],
    ids=["top", "bottom", "right", "corner"],
)
def test_clipped_stamps_are_filled_up_on_the_side_of_the_edge(place, shape, kept, write_packets, subjects):
    (subject,) = subjects(write_packets(place, shape=shape))
    pixels = subject.block()[0, 1]
    assert pixels.shape == (63, 63)
    assert (pixels[kept] == 1).all()
    assert np.isfinite(pixels).sum() == shape[0] * shape[1]
    assert np.isfinite(pixels[31, 31])  # where the source is


def test_a_bad_packet_is_told_and_the_rest_goes_on(write_packets):
    from ml.io.read_subjects import read_subjects

    none = {f"cutout{name}": None for name in ("Science", "Template", "Difference")}
    found = list(read_subjects(write_packets({"ra": float("nan")}, none, {"dec": 91.0}, {"fid": [2]}, {})))
    assert [str(item) for item in found[:4]] == [
        "alert.avro row 1: its ra is nan; it must be degrees from 0 to 360.",
        "alert.avro row 2: has no cutouts. Ask for packets with their cutouts.",
        "alert.avro row 3: its dec is 91.0; it must be degrees from -90 to 90.",
        "alert.avro row 4: `fid` is “[2]”; it must be a number.",
    ]
    assert found[4].row == 5


def test_all_nan_and_too_large_stamps(write_packets, complaint):
    nothing = {f"cutout{name}": stamp(np.full((63, 63), np.nan)) for name in ("Science", "Template", "Difference")}
    assert "every pixel of its stamps is NaN" in complaint(write_packets(nothing)).reason
    assert "has shape (80, 80)" in complaint(write_packets({}, shape=(80, 80))).reason


def test_a_stamp_that_is_a_gzip_bomb(write_packets, complaint):
    bomb = {"cutoutDifference": {"stampData": gzip.compress(bytes(400 * 1024**2), 1)}}
    assert "its difference stamp unpacks to more than" in complaint(write_packets(bomb)).reason


def test_known_packets_are_skipped(write_packets, subjects):
    (subject,) = subjects(write_packets({}, {}), skip=lambda candid: candid.endswith("0"))
    assert subject.external_id.endswith("1")


def test_truncated_foreign_and_packed_files(write_packets, complaint, tmp_path):
    path = write_packets({})
    path.write_bytes(path.read_bytes()[:-500])
    assert "is not a whole Avro file" in complaint(path).reason
    path.write_bytes(b"Obj\x02 not avro")
    assert "is not a whole Avro file" in complaint(path).reason
    with path.open("wb") as out:
        fastavro.writer(out, {"type": "record", "name": "x", "fields": [{"name": "a", "type": "int"}]}, [{"a": 1}])
    assert "is not an alert packet of a known survey" in complaint(path).reason
    assert "is packed with bzip2" in complaint(write_packets({}, codec="bzip2")).reason
    path.unlink()
    assert len([*tmp_path.iterdir()]) == 0
