"""Reading a damaged file gives a subject or BadInput, never another exception."""

import gzip
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from PIL import Image

from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput, SubjectRecord
from tests.unit.io import packets
from tests.unit.io.packets import write

CUBE = np.random.default_rng(0).poisson(100, (4, 32, 32)).astype(np.int16)


def plain(path):
    fits.PrimaryHDU(CUBE).writeto(path)


def tiles(compression):
    def write(path):
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(CUBE[0], compression_type=compression)]).writeto(path)

    return write


def packed(path):
    plain(path.with_name("plain.tmp"))
    path.write_bytes(gzip.compress(path.with_name("plain.tmp").read_bytes()))


def manifest(path):
    plain(path.with_name("a.fits"))
    path.write_text('external_id,kind,image,ra,mjd,planes\na,tracklet,a.fits,1,60000,0:4\n"b",stamp,a.fits,3,,0:1\n')


FORMATS = {
    "a.fits": plain,
    "rice.fits.fz": tiles("RICE_1"),
    "gzip.fits.fz": tiles("GZIP_2"),
    "hcompress.fits.fz": tiles("HCOMPRESS_1"),
    "a.fits.gz": packed,
    "a.npy": lambda path: np.save(path, CUBE),
    "a.png": lambda path: Image.fromarray(CUBE[0].astype(np.uint8)).save(path),
    "a.jpg": lambda path: Image.fromarray(CUBE[0].astype(np.uint8)).save(path),
    "manifest.csv": manifest,
    "a.avro": lambda path: write(path, packets.ztf(), packets.ztf(), codec="deflate"),
    "a.parquet": lambda path: pq.write_table(pa.Table.from_pylist([packets.ztf()] * 3), path),
}


def damaged(raw, dice):
    out = bytearray(raw)
    reach = len(out) if dice.random() < 0.5 else min(len(out), 3000)
    for _ in range(dice.choice([1, 1, 2, 5, 30])):
        out[dice.randrange(reach)] = dice.choice([dice.randrange(256), dice.randrange(48, 58), 0, 32, 255])
    return out[: dice.randrange(len(out))] if dice.random() < 0.2 else out


@pytest.mark.parametrize("name", FORMATS)
def test_damage_never_raises(name, tmp_path):
    path, dice = tmp_path / name, random.Random(name)
    FORMATS[name](path)
    raw = path.read_bytes()
    for _ in range(150):
        path.write_bytes(damaged(raw, dice))
        found = list(read_subjects(path))
        assert found
        for item in found:
            assert isinstance(item, SubjectRecord | BadInput)
            assert str(item).startswith(name) if isinstance(item, BadInput) else item.checksum()
