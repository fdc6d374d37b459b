"""Files of remote archives and lists from anywhere: HATS, HiPS, target pixels, detections, observatories."""

import gzip
import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given

from ml.io.hats import remote_catalogue
from ml.io.hips import Hips, read_properties
from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput, SubjectRecord
from ml.io.safe_path import Folder
from ml.sky.detection_table import read_detections
from ml.sky.observatories import geocentric, read_observatories
from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, read_or_refused
from tests.unit.io.target_pixels import target_pixels

INDEX = b"Norder,Npix,num_rows\n0,4,100\n1,47,20\n29,5,1\n"
PROPERTIES = b"""hips_order           = 3
hips_tile_width      = 512
hips_tile_format     = png fits
hips_frame           = galactic
"""
DETECTIONS = b"tracklet,mjd,ra,dec,rms_ra,rms_dec,rms_corr,mag,observatory\na,60000.1,10.5,-5.25,0.1,0.1,0.2,19.5,703\n"
OBSERVATORIES = json.dumps(
    {"703": {"Name": "Catalina", "Longitude": 249.26736, "cos": 0.845315, "sin": 0.533213}, "C51": {"Name": "WISE"}}
).encode()


def fuzzed(path, contents, read):
    """Read the file with many contents."""

    @given(contents)
    @FUZZ
    def is_read_or_refused(content):
        path.write_bytes(content)
        read(content)

    is_read_or_refused()


def test_partitions_of_a_remote_catalogue(tmp_path):
    class Names(Folder):
        """An archive that has every partition."""

        def file(self, name):
            return super().file(name) if name == "partition_info.csv" else tmp_path / name

    def read(content):
        catalogue = remote_catalogue("sky", Names(tmp_path))
        for path in read_or_refused(lambda: list(catalogue.partitions()), BadInput) or []:
            assert path.is_relative_to(tmp_path / "dataset")

    fuzzed(tmp_path / "partition_info.csv", damaged(INDEX), read)


def test_properties_of_hips(tmp_path):
    def read(content):
        found = read_or_refused(lambda: read_properties(tmp_path / "properties"), BadInput)
        assert found is None or isinstance(found, Hips)

    fuzzed(tmp_path / "properties", damaged(PROPERTIES), read)


@pytest.mark.parametrize(("name", "pack"), [("tpf.fits", bytes), ("tpf.fits.gz", partial(gzip.compress, mtime=0))])
def test_target_pixels(tmp_path, name, pack):
    path = tmp_path / name

    def read(content):
        with bounded_memory():
            for item in read_subjects(path):
                assert isinstance(item, SubjectRecord | BadInput)
                assert str(item) if isinstance(item, BadInput) else item.checksum()

    fuzzed(path, damaged(target_pixels()).map(pack), read)


def test_tables_of_detections(tmp_path):
    path = tmp_path / "detections.csv"

    def read(content):
        found = read_or_refused(lambda: read_detections(path), ValueError)
        if found is not None:
            assert len(found.name) == len(found.mjd) == len(found.observer)
            assert not np.isinf([found.mjd, found.ra, found.dec]).any()

    fuzzed(path, damaged(DETECTIONS), read)


def test_observatories(tmp_path):
    path = tmp_path / "obscodes_extended.json"

    def read(content):
        for each in (read_or_refused(lambda: read_observatories(path), ValueError) or {}).values():
            read_or_refused(partial(geocentric, each, np.array([60_000.0])), ValueError)

    fuzzed(path, damaged(OBSERVATORIES), read)
