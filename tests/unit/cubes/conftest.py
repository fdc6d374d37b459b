"""Four small simulated cubes, and a network trained on them for a moment."""

import pytest

from ml.__main__ import main
from ml.simulate.tess.cubes import tess

TINY = ["--crop", "16", "--batch", "2", "--minutes", "0.05"]


@pytest.fixture(scope="session")
def sky(tmp_path_factory):
    return tess(4, 2, tmp_path_factory.mktemp("cubes"), size=24, frames=20, movers=4, faintest=17)


@pytest.fixture(scope="session")
def trained(sky, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "wnet"
    assert main(["train", "--role", "cube", "--data", str(sky), "--out", str(folder), *TINY]) == 0
    return folder
