"""Filters of alerts in words."""

import io

import fastavro
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from ml.io.alerts.filters import LONGEST, Filter, galactic_latitude
from ml.io.alerts.messages import packets_of
from ml.io.alerts.subject import facts
from ml.io.records import BadInput
from tests.unit.io import packets
from tests.unit.io.packets import schema_of, write

ALERT = {"snr": 7.0, "band": "g", "rb": 0.4, "ssdistnr": None, "ra": 10.0, "dec": -20.0, "b": -80.0, "n": "433"}


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("", True),
        ("snr > 5", True),
        ("5 < snr <= 6", False),
        ("snr > 5 and rb >= 0.5", False),
        ("snr > 9 or band == 'g'", True),
        ("band in (g, r)", True),
        ("band not in (g, 'r')", False),
        ("n in (433)", False),
        ("ssdistnr < 5", False),
        ("ssdistnr >= 5", False),
        ("not ssdistnr < 5", True),
        ("unknown != 3", False),
        ("abs(b) > 10 and -b == 80", True),
        ("snr / (rb - 0.4) > 1", False),
        ("band > 3", False),
        ("within(10, -20.5, 0.6)", True),
        ("within(10.6, -20, 0.5)", False),
    ],
)
def test_conditions(text, accepted):
    assert Filter(text)(ALERT) is accepted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("snr >", "is not a condition"),
        ("().__class__.__bases__", "holds “().__class__.__bases__”"),
        ("__import__('os').system('x')", "may only call"),
        ("abs(1, 2)", "may only call"),
        ("[x for x in snr]", "filters do not know"),
        ("9 ** 9 ** 9", "filters do not know"),
        ("snr > 1j", "filters do not know"),
        ("(" * 400 + "1" + ")" * 400, "is not a condition"),
        ("not " * 240 + "1", ""),
        ("1 " * LONGEST, "has more than 1000"),
    ],
)
def test_nothing_else_is_understood(text, said):
    if said:
        with pytest.raises(BadInput) as caught:
            Filter(text)
        assert said in caught.value.reason
    else:
        assert Filter(text)({}) is True


def test_a_sample_is_fixed_and_of_its_size():
    tenth = Filter("sample(0.1)")
    chosen = [n for n in range(5000) if tenth({"external_id": str(n)})]
    assert 400 < len(chosen) < 600
    assert chosen == [n for n in range(5000) if tenth({"external_id": str(n)})]


@given(st.floats(0, 360), st.floats(-90, 90))
def test_galactic_latitude(ra, dec):
    assert galactic_latitude(ra, dec) == pytest.approx(SkyCoord(ra, dec, unit="deg").galactic.b.deg, abs=1e-4)


def test_the_facts_of_packets_in_messages(tmp_path):
    packet = packets.ztf()
    schema = schema_of(packet)
    bare = io.BytesIO()
    fastavro.schemaless_writer(bare, schema, packet)
    text = str(schema).replace("'", '"').encode()
    whole = write(tmp_path / "a.avro", packet).read_bytes()
    for message in (whole, bare.getvalue(), b"\0\0\0\0\7" + bare.getvalue()):
        ((found, where),) = packets_of(message, text)
        known = facts(found, where)
        assert (known["snr"], known["rb"], known["ssdistnr"]) == (pytest.approx(10), 0.9, 2.25)
        assert Filter("band in (r) and ssnamenr == '433' and rfscore > 0.5")(known)
    with pytest.raises(BadInput, match="comes without its schema"):
        list(packets_of(bare.getvalue()))
