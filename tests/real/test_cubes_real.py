"""Real target pixel files as cubes. Skipped without ../shared/data."""

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from ml.__main__ import main
from ml.cubes.cube import read_cubes
from ml.inference.checkpoint import Checkpoint
from ml.models.wnet import WNet

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("shared_data")]
FIVE_CADENCES, ONE = "tess/tess25155310-s01-first-cadences.fits.gz", "tess/asteroid_test.fits"


class Complaints(list):
    complain = list.append


def untrained(folder):
    torch.manual_seed(0)
    network = WNet((2, 3), 1)
    manifest = {
        "role": "cube", "classes": ["empty", "mover"], "positive": ["mover"], "architecture": "wnet", "feature_key": "",
        "preprocessing": {"widths": [2, 3], "depth": 1, "normalisation": "adaptive"}, "threshold": 0.5,
    }  # fmt: skip
    Checkpoint(manifest, {f"cube.{key}": value for key, value in network.state_dict().items()}).save(folder)
    return folder


def test_five_cadences_are_a_cube_in_units_of_the_noise(shared_data):
    (cube,) = read_cubes(shared_data / FIVE_CADENCES, Complaints(), masked=False)
    assert cube.change.shape == (5, 11, 11)
    assert np.isfinite(cube.change).all()
    assert (np.diff(cube.mjd[np.isfinite(cube.mjd)]) > 0).all()
    assert 0.3 < cube.change[cube.measured].std() < 5
    assert cube.wcs is not None


def test_they_are_scored_and_a_single_cadence_is_refused(shared_data, tmp_path, capsys):
    checkpoint, out = untrained(tmp_path / "c"), tmp_path / "t.parquet"
    arguments = ["score", "--checkpoint", str(checkpoint), "--out", str(out), "--data"]
    assert main([*arguments, str(shared_data / FIVE_CADENCES)]) == 0
    assert "path" in pq.read_table(out).column_names
    assert main([*arguments, str(shared_data / ONE)]) == 2
    assert "a cube has 3 to 100,000 frames, and this has 1" in capsys.readouterr().err
