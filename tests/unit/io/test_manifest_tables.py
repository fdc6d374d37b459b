"""Manifests as VOTables and Parquet tables."""

import astropy.table
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.io.hats import remote_catalogue
from ml.io.manifest_tables import MAX_COLUMNS, table_rows
from ml.io.read_subjects import count, read_subjects
from ml.io.records import BadInput

COLUMNS = {
    "external_id": ["a", "b"],
    "image": ["a.fits", "a.fits"],
    "plane": [0, 3],
    "ra": [10.5, np.nan],
    "dec": [5.0, np.nan],
}


@pytest.fixture
def folder(tmp_path, write_fits, sky_noise):
    write_fits("a.fits", sky_noise(4, 12, 10))
    return tmp_path


def write_votable(path, data_format="tabledata"):
    astropy.table.Table(COLUMNS).write(path, format="votable", tabledata_format=data_format)


@pytest.mark.parametrize("name", ["manifest.vot", "manifest.xml", "manifest.parquet"])
def test_a_folder_is_read_through_its_table(folder, name):
    if name.endswith("parquet"):
        pq.write_table(pa.table(COLUMNS), folder / name)
    else:
        write_votable(folder / name)
    one, two = read_subjects(folder, "stamp")
    assert (one.external_id, one.ra, one.dec, one.row) == ("a", 10.5, 5.0, 2)
    assert (two.external_id, two.ra) == ("b", None)
    assert not np.array_equal(one.block(), two.block())
    assert count(folder) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<VOTABLE><TABLE><FIELD name='image'/>", "is no VOTable"),
        ("<VOTABLE/>", "holds no table as text"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><VOTABLE>&a;</VOTABLE>', "it declares entities"),
        ("<V>" + "<FIELD name='x'/>" * (MAX_COLUMNS + 1) + "</V>", "columns"),
        ("<V><TABLEDATA><TR><TD>" + "x" * 2**17 + "y</TD></TR></TABLEDATA></V>", "a cell has more than"),
        ("<V><FIELD name='image'/><TABLEDATA></TABLEDATA></V>", "no rows below its header"),
    ],
)
def test_a_bad_votable(tmp_path, text, said):
    (tmp_path / "manifest.vot").write_text(text)
    (bad,) = read_subjects(tmp_path)
    assert isinstance(bad, BadInput)
    assert said in str(bad)


def test_binary_data_and_what_a_votable_points_to_are_not_opened(tmp_path):
    write_votable(tmp_path / "manifest.vot", "binary2")
    (bad,) = read_subjects(tmp_path)
    assert "Save it as a VOTable with TABLEDATA" in str(bad)


def test_a_votable_is_read_in_parts(tmp_path):
    rows = "".join(f"<TR><TD>{n}</TD><TD/></TR>\n" for n in range(50_000))
    table = f"<v:VOTABLE xmlns:v='x'><v:FIELD name='n'/><v:FIELD name='m'/><TABLEDATA>{rows}</TABLEDATA></v:VOTABLE>"
    (tmp_path / "a.vot").write_text(table)
    header, *found = table_rows(tmp_path / "a.vot")
    assert header == ["n", "m"]
    assert found == [[str(n), ""] for n in range(50_000)]


def test_a_hats_catalogue_is_read_partition_by_partition(folder):
    """Laid out as LSDB does it: partitions as files or as folders of files, and a column that only some have."""
    parts = {
        "Norder=0/Dir=0/Npix=3.parquet": {"external_id": ["a"], "image": ["a.fits"], "plane": [0], "_healpix_29": [7]},
        "Norder=1/Dir=0/Npix=17/part0.parquet": {"external_id": ["b"], "image": ["a.fits"], "band": ["g"]},
    }
    for name, columns in parts.items():
        path = folder / "dataset" / name
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table(columns), path)
    one, two = read_subjects(folder, "stamp")
    assert (one.external_id, one.metadata) == ("a", {})
    assert (two.external_id, two.row, two.frames[0].band) == ("b", 3, "")
    assert count(folder) == 2
    (folder / "dataset/Norder=1/Dir=0/Npix=18.parquet").symlink_to("/etc/passwd")
    *_, bad = read_subjects(folder, "stamp")
    assert "lies outside the manifest's folder" in str(bad)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("Norder,Npix\n0,3\n", "dataset/Norder=0/Dir=0/Npix=3.parquet"),
        ("Npix, Norder, num_rows\n41234,6,9\n", "dataset/Norder=6/Dir=40000/Npix=41234.parquet"),
        ("Norder,Npix\n0,12\n", "pixel 12 of order 0, which HEALPix does not have"),
        ("Norder,Npix\n99999,1\n", "which HEALPix does not have"),
        ("Norder,Npix\n0,../../../secret\n", "by whole numbers Norder and Npix"),
        ("Norder\n0\n", "by whole numbers Norder and Npix"),
    ],
)
def test_the_index_of_a_remote_catalogue(tmp_path, index, said):
    """What it lists is fetched and, being missing here, named; what is no HEALPix pixel is refused."""
    asked = []

    class Remote:
        def file(self, name):
            asked.append(name)
            return tmp_path / name

    (tmp_path / "partition_info.csv").write_text(index)
    (bad,) = read_subjects(remote_catalogue("sky", Remote()))
    assert said in f"{bad} {asked[1:]}"
    assert bad.file == "sky"
