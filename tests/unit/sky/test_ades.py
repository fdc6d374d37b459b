"""ADES reports: read, written, checked, and the same to the field's own tools (iau-ades)."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.sky.ades import Block, psv_first_row, read_psv, read_xml, write_psv, write_xml
from ml.sky.ades_record import location, positive, record_of, write_obs80_report
from ml.sky.ades_rules import problems_of, schema_problems
from ml.sky.obs80 import read_obs80
from ml.sky.observatories import night_of, read_observatories

CONTEXT = [
    ("observatory", [("mpcCode", "I41")]),
    ("submitter", [("name", "R. Núñez"), ("institution", "Wanderers")]),
    ("measurers", [("name", "A. One"), ("name", "B. Two")]),
    ("telescope", [("design", "Schmidt"), ("aperture", "1.2"), ("detector", "CCD"), ("pixelScale", "1.01")]),
    ("fundingSource", [("", "none & nobody")]),
]
TEXTS = {"mode": "CCD", "stn": "I41", "astCat": "Gaia2"}

HUBBLE = {"sys": "ICRF_KM", "ctr": "399", "pos1": "-6490.4555", "pos2": "2183.2275", "pos3": "914.7962"}


def place(n, name="WA1", *, day=60000.3, ra=359.9999999, dec=-0.005, **texts):
    return record_of(day + n / 100, ra, dec, **TEXTS, trkSub=name, **texts)


def night(**changes):
    """Two tracklets of two positions, one across RA 0 and one at the pole, with and without magnitude."""
    mag = {"mag": "18.75", "band": "Sr", "logSNR": "1.30", "rmsRA": "0.120", "rmsDec": "0.120", "exp": "30.0"}
    rows = [place(0, **mag), place(1, ra=0.001), place(0, "WA2", dec=90.0), place(1, "WA2", dec=89.9999)]
    return Block(CONTEXT, [row | changes.get(f"row{n}", {}) for n, row in enumerate(rows)])


def said(block):
    return [(each.row, str(each.message)) for each in problems_of(block, read_observatories())]


def command(name, *arguments):
    """Run a command of iau-ades, whose functions keep global state and end the process."""
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=arguments[0].parent,  # where valsubmit.py leaves a report
    )
    return done.stdout + done.stderr


def test_both_formats_are_read_as_they_were_written():
    block = night()
    assert read_psv(write_psv(block)) == [block]
    assert read_xml(write_xml([block, block])) == [block, block]
    lines = write_psv(block).splitlines()
    assert lines[psv_first_row(block) - 1].startswith("WA1")
    assert "|" in lines[psv_first_row(block) - 2]


def test_a_good_night_has_no_problem():
    assert said(night()) == []


def test_the_fields_own_tools_read_the_same(tmp_path):
    block = night()
    (tmp_path / "a.xml").write_bytes(write_xml([block]))
    (tmp_path / "a.psv").write_text(write_psv(block), encoding="utf-8")
    assert "is OK" in command("valsubmit.py", tmp_path / "a.xml")
    command("psvtoxml.py", tmp_path / "a.psv", tmp_path / "b.xml")
    assert read_xml((tmp_path / "b.xml").read_bytes()) == [block]
    command("xmltopsv.py", tmp_path / "a.xml", tmp_path / "b.psv")
    assert read_psv((tmp_path / "b.psv").read_text()) == [block]
    command("xmltompc80col.py", tmp_path / "a.xml", tmp_path / "b.obs")
    lines = [line for line in (tmp_path / "b.obs").read_text().splitlines() if len(line) == 80]
    theirs = [line[:71] + " " + line[72:] for line in lines]  # submissions leave the column of the catalogue blank
    header, ours = (write_obs80_report(block).splitlines()[cut] for cut in (slice(5), slice(5, None)))
    assert theirs == ours
    assert header[1:4] == ["CON R. Nunez, Wanderers", "MEA A. One, B. Two", "TEL 1.2-m Schmidt + CCD"]


@pytest.mark.parametrize(("band", "letter"), [("Sr", "r"), ("Vj", "V"), ("Gr", "G"), ("Ao", "o"), ("UNK", " ")])
def test_a_band_is_one_letter_in_80_columns_and_an_unknown_one_is_blank(band, letter):
    line = write_obs80_report(night(row0={"band": band})).splitlines()[5]
    assert line[65:71] == f"18.75{letter}"


def in_space(code, *places):
    """Return a tracklet of a spacecraft, at places in km."""
    observatory = read_observatories()[code]
    rows = [place(n, dec=n / 100, **location(observatory, at)) | {"stn": code} for n, at in enumerate(places)]
    return Block([("observatory", [("mpcCode", code)]), *CONTEXT[1:]], rows)


@pytest.mark.parametrize(
    ("code", "places", "texts"),
    [
        ("250", [(-6490.4555, 2183.2275, 914.7962), (-99_999.0, 0.0, 0.5)], ["ICRF_KM", "-6490.4555"]),
        ("274", [(1.5e6, -2.25e5, -7.5e4), (1.5e6, -2.24e5, -7.6e4)], ["ICRF_AU", "0.0100268807"]),
    ],
)
def test_a_spacecrafts_place_is_written_and_read_in_all_formats(tmp_path, code, places, texts):
    block = in_space(code, *places)
    assert said(block) == []
    assert [block.observations[0][name] for name in ("sys", "pos1")] == texts
    assert read_psv(write_psv(block)) == read_xml(write_xml([block])) == [block]
    report = write_obs80_report(block)
    found, bad = read_obs80("\n".join(line for line in report.splitlines() if len(line) == 80))
    assert (len(found), bad, {each.flags for each in found}) == (2, [], {"  S"})
    assert np.array([each.observer for each in found]) == pytest.approx(np.array(places), rel=2e-5, abs=1e-4)
    (tmp_path / "a.xml").write_bytes(write_xml([block]))
    assert "is OK" in command("valsubmit.py", tmp_path / "a.xml")
    command("xmltompc80col.py", tmp_path / "a.xml", tmp_path / "b.obs")
    lines = [line for line in (tmp_path / "b.obs").read_text().splitlines() if len(line) == 80]
    theirs, _ = read_obs80("\n".join(line if line[14] == "s" else f"{line[:71]} {line[72:]}" for line in lines))
    assert [replace(each, place="") for each in theirs] == [replace(each, place="") for each in found]
    digits = slice(None) if texts[0] == "ICRF_KM" else slice(44)  # of au, theirs are cut off and ours rounded
    assert [each.place[digits] for each in theirs] == [each.place[digits] for each in found]


def test_a_place_is_nothing_to_a_fixed_observatory_and_unknown_ones_are_left_out():
    places = read_observatories()
    assert location(places["I41"], (7000.0, 0.0, 0.0)) == {}
    assert location(places["250"], (7000.0, float("nan"), 0.0)) == {}
    assert location(None, (7000.0, 0.0, 0.0)) == {}


def test_what_lies_beyond_the_columns_is_refused():
    with pytest.raises(ValueError, match="does not fit into 80 columns"):
        write_obs80_report(in_space("C54", (9e9, 0.0, 0.0)))  # New Horizons, 60 au away
    with pytest.raises(ValueError, match="WGS84 is not ICRF"):
        write_obs80_report(Block(CONTEXT, [place(0, sys="WGS84", ctr="399", pos1="1", pos2="2", pos3="3")]))


@pytest.mark.parametrize(
    ("changes", "row", "sentence"),
    [
        ({"row1": {"stn": "ZZZ"}}, None, "lists no observatory “ZZZ”"),
        ({"row0": {"stn": "250"}, "row1": {"stn": "250"}}, 1, "nothing says where it was"),
        ({"row0": {"stn": "250", **HUBBLE}, "row1": {"stn": "250"}}, 1, "nothing says where it was"),
        ({"row0": {"stn": "250", **HUBBLE, "pos1": "0.4"}}, 0, "would be inside the Earth"),
        ({"row0": {"stn": "270"}}, None, "270 (Unistellar Network, Roving Observer) has no fixed place on the ground"),
        ({"row0": {"band": "q"}}, 0, "“q” is not in the Minor Planet Center's list for band"),
        ({"row2": {"astCat": "Gaia9"}}, 2, "list for astCat"),
        ({"row1": {"ra": "360.0"}}, 1, "schema refuses it: Element 'ra'"),
        ({"row3": {"trkSub": "too long a name"}}, 3, "Element 'trkSub'"),
        ({"row1": {"obsTime": "2023-03-25T07:12:00.000Z"}}, 1, "only one position in this night"),
        ({"row1": {"obsTime": "2023-02-25T07:12:00.500Z"}}, 1, "two positions at one time"),
        ({"row1": {"ra": night().observations[0]["ra"]}}, 0, "the same position at all times"),
    ],
)
def test_what_the_center_would_refuse_is_said_at_its_row(changes, row, sentence):
    found = said(night(**changes))
    assert any(at == row and sentence in message for at, message in found), found


def test_a_night_at_mauna_loa_and_at_siding_spring_is_one_night():
    places = read_observatories()
    for code, start in (("T08", 0.2), ("Q55", 0.35), ("W68", 0.95)):
        assert len({night_of(60000 + start + hour / 24, places[code]) for hour in range(11)}) == 1
    assert night_of(60000.4, None) + 1 == night_of(60000.6, None)


def test_numbers_that_do_not_fit_are_left_out():
    assert [positive(value, 2, 5) for value in (float("nan"), None, -1.0, 0.001, 1234.5, 9.999)] == [*[""] * 5, "10.00"]


@pytest.mark.parametrize("text", ["a|b", "a\nb", "a\x01"])
def test_no_value_breaks_a_line(text):
    with pytest.raises(ValueError, match=r"contains|no element|compatible"):
        write_psv(Block([("submitter", [("name", text)])], [place(0)]))


def test_hostile_documents_are_refused():
    bomb = b'<!DOCTYPE ades [<!ENTITY a "b">]><ades version="2022">&a;</ades>'
    for document in (bomb, b"<ades", b"<other/>"):
        with pytest.raises(ValueError, match=r"document type|no XML|the root"):
            read_xml(document)
    with pytest.raises(ValueError, match="only optical"):
        read_xml(write_xml([night()]).replace(b"optical>", b"radar>"))


@pytest.mark.parametrize("text", ["WA1|CCD\n", "# observatory\n! mpcCode I41\nobsTime|stn|shoe\n"])
def test_a_file_that_is_no_report_is_refused(text):
    with pytest.raises(ValueError, match="line"):
        read_psv(text)


def test_the_schema_is_the_one_for_submissions():
    published = write_xml([night()]).replace(b"</astCat>", b"</astCat><ref>X</ref>", 1)
    assert "ref" in "".join(str(each.message) for each in schema_problems(published))
