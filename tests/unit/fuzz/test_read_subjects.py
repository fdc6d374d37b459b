"""Whatever lies in a folder that is ingested, the reader returns subjects or says what is wrong."""

import csv
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import from_table, writeto
from astropy.table import Table
from hypothesis import given
from PIL import Image

from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput, SubjectRecord
from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, packed
from tests.unit.io import packets

PIXELS = np.random.default_rng(0).poisson(100, (2, 24, 24)).astype(np.int16)
WCS = {**packets.WCS, "CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4, "MJD-OBS": 60000.0, "EXPTIME": 30.0}
ROWS = [
    {"external_id": "a", "kind": "stamp", "image": "a.fits", "ra": 1.5, "dec": -3.0, "mjd": 60000.0, "label": "x"},
    {"external_id": "b", "kind": "stamp", "image": "a.png", "ra": 359.0, "dec": 90.0, "mjd": 59000.5, "label": ""},
]


def written(write):
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def picture(name, **options):
    gray = Image.fromarray((PIXELS[0] % 256).astype(np.uint8))
    return written(lambda out: gray.save(out, name, **options))


def tiles(compression):
    hdu = fits.CompImageHDU(PIXELS[0], compression_type=compression, tile_shape=(8, 24))
    return written(fits.HDUList([fits.PrimaryHDU(), hdu]).writeto)


def csv_of(rows):
    out = io.StringIO()
    table = csv.DictWriter(out, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def votable(rows, form):
    table = from_table(Table(rows))
    return written(lambda out: writeto(table, out, tabledata_format=form))


def parquet(rows):
    return written(lambda out: pq.write_table(pa.Table.from_pylist(rows), out))


def avro(tmp, codec):
    path = tmp / "valid.avro"
    return packets.write(path, packets.ztf(), packets.ztf(), codec=codec).read_bytes()


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """Return valid files by name."""
    tmp = tmp_path_factory.mktemp("valid")
    plain = written(fits.PrimaryHDU(PIXELS, fits.Header(list(WCS.items()))).writeto)
    return {
        "a.fits": [plain, tiles("RICE_1"), tiles("GZIP_2"), tiles("HCOMPRESS_1"), tiles("PLIO_1")],
        "a.fits.gz": [gzip.compress(plain)],
        "b.fits.gz": [plain],
        "a.png": [picture("PNG"), written(lambda out: Image.new("P", (9, 9)).save(out, "PNG"))],
        "a.jpg": [picture("JPEG"), picture("JPEG", progressive=True)],
        "a.npy": [written(lambda out: np.save(out, PIXELS))],
        "a.avro": [avro(tmp, "null"), avro(tmp, "deflate")],
        "a.parquet": [parquet([packets.ztf()] * 2)],
        "manifest.csv": [csv_of(ROWS)],
        "manifest.parquet": [parquet(ROWS)],
        "manifest.vot": [votable(ROWS, form) for form in ("tabledata", "binary", "binary2")],
    }


NAMES = ("a.fits", "a.fits.gz", "b.fits.gz", "a.png", "a.jpg", "a.npy", "a.avro", "a.parquet", "manifest.csv",
         "manifest.parquet", "manifest.vot")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_read_or_refused(name, valid, tmp_path):
    (tmp_path / "a.png").write_bytes(valid["a.png"][0])
    (tmp_path / "a.fits").write_bytes(valid["a.fits"][0])
    path = tmp_path / name

    @given(packed(damaged(*valid[name])) if name == "b.fits.gz" else damaged(*valid[name]))
    @FUZZ
    def is_read_or_refused(content):
        path.write_bytes(content)
        with bounded_memory():
            for item in read_subjects(path):
                assert isinstance(item, SubjectRecord | BadInput)
                assert str(item) if isinstance(item, BadInput) else item.checksum()

    is_read_or_refused()
