"""digest2 scores: those of the package's own example, in any order and band, and what has none."""

import os
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from ml.sky import neo_scores as module
from ml.sky.neo_scores import NotInstalled, can_score, neo_scores

# K16S99K, the example that comes with digest2, and the scores that its own tests expect of it without site errors.
MJD = 59938 + np.array([0.384965, 0.395273, 0.400402])
RA = 15 * (8 + 32 / 60 + np.array([36.283, 35.635, 35.473]) / 3600)
DEC = 17 + 10 / 60 + np.array([35.94, 37.27, 37.38]) / 3600
V = np.array([22.22, 21.96, 21.55])


@pytest.fixture
def digest2():
    if not find_spec("digest2") and not os.environ.get("WANDERERS_ALL_TESTS"):
        pytest.skip("needs the extra `neo`")


def test_the_packages_example_has_its_scores(digest2, monkeypatch, tmp_path):
    (tmp_path / "config").touch()
    monkeypatch.setenv("DIGEST2_CONFIG", str(tmp_path / "config"))
    module._classifier.cache_clear()
    order = [2, 0, 1]
    found = neo_scores(MJD[order], RA[order], DEC[order], (V - 0.33)[order], ["o"] * 3, "G96")
    expected = {"Int": 3, "NEO": 3, "N22": 1, "N18": 0, "MC": 2, "MB1": 91, "MB2": 1}
    assert {name: round(found.noid[name]) for name in expected} == expected
    assert found.rms == pytest.approx(0.73, abs=0.01)
    assert len(found.raw) == len(found.noid) == 15
    module._classifier.cache_clear()


def test_a_fast_mover_is_near_the_earth_and_unplaced_detections_are_left_out(digest2):
    ra = RA + 5 * (MJD - MJD[0])
    mag, bands = np.array([18.0, np.nan, 18.0, 18.0]), ["Sr", "", "mine", "Sr"]
    mjd, dec = np.append(MJD, MJD[-1] + 0.01), np.append(DEC, np.nan)
    found = neo_scores(mjd, np.append(ra, ra[-1]), dec, mag, bands, "T08")
    assert found.noid["NEO"] > 99


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"code": "250"}, "observatory with a fixed place"),  # Hubble
        ({"code": ""}, "observatory with a fixed place"),
        ({"mjd": np.array([np.nan, np.nan, 59938.0])}, "two detections"),
        ({"mjd": np.full(3, 59938.0)}, "at different times"),
        ({"ra": np.full(3, 10.0), "dec": np.full(3, 10.0)}, "has no score"),
    ],
)
def test_what_has_no_score_is_said(digest2, change, complaint):
    given = {"mjd": MJD, "ra": RA, "dec": DEC, "mag": V, "bands": ["V"] * 3, "code": "G96", **change}
    with pytest.raises(ValueError, match=complaint):
        neo_scores(**given)


def test_observatories_without_a_fixed_place_are_not_scored(digest2):
    assert [can_score(code) for code in ("G96", "250", "", "XXXX")] == [True, False, False, False]


def test_without_the_package_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "digest2", None)
    monkeypatch.setitem(sys.modules, "digest2.observation", None)
    with pytest.raises(NotInstalled, match="pip install digest2"):
        neo_scores(MJD, RA, DEC, V, ["V"] * 3, "G96")


@pytest.mark.parametrize(
    ("band", "correction"), [("Ac", -0.05), ("Sg", -0.28), ("Vj", 0), ("UNK", 0), ("zr", 0), ("", 0)]
)
def test_bands_become_v(band, correction):
    assert module._v_minus(band) == correction
