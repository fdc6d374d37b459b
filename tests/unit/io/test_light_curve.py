"""Light curves of alert packets."""

import pytest

from ml.io.alerts.light_curve import MOST_POINTS
from tests.unit.io import packets
from tests.unit.io.packets import write

LIMIT = {"jd": 2460370.0, "fid": 1, "magpsf": None, "sigmapsf": None, "diffmaglim": 20.5}
DETECTION = {"jd": 2460371.0, "fid": 2, "magpsf": 18.25, "sigmapsf": 0.125, "diffmaglim": 20.0}
FORCED = {"jd": 2460372.0, "fid": 3, "forcediffimflux": 100.0, "forcediffimfluxunc": 10.0, "magzpsci": 26.0}


def test_detections_limits_and_forced_photometry_in_order(tmp_path, subjects):
    faint = FORCED | {"jd": 2460373.0, "forcediffimflux": 20.0}  # 2 sigma, and no limit given
    failed = FORCED | {"forcediffimflux": -99999.0, "forcediffimfluxunc": -99999.0}
    packet = packets.ztf() | {"prv_candidates": [DETECTION, LIMIT], "fp_hists": [FORCED, faint, failed]}
    (subject,) = subjects(write(tmp_path / "a.avro", packet))
    assert subject.light_curve == [
        (60369.5, "g", 20.5, None),
        (60370.5, "r", 18.25, 0.125),
        (60371.5, "i", 21.0, pytest.approx(0.109)),
    ]


def test_rubins_fluxes_and_times(tmp_path, subjects):
    row = {"midpointMjdTai": 60900.0, "band": "i", "psfFlux": 3630.78, "psfFluxErr": 363.078}
    (subject,) = subjects(write(tmp_path / "a.avro", packets.rubin() | {"prvDiaForcedSources": [row]}))
    assert subject.light_curve == [(pytest.approx(60900 - 37 / 86400, abs=1e-6), "i", 22.5, pytest.approx(0.109))]


def test_sentinels_impossible_times_and_endless_histories(tmp_path, subjects):
    rows = [DETECTION | {"magpsf": -999.0, "diffmaglim": -999.0}, DETECTION | {"jd": 1e9}]
    rows += [DETECTION | {"jd": 2450000.0 + n} for n in range(MOST_POINTS + 20)]
    (subject,) = subjects(write(tmp_path / "a.avro", packets.ztf() | {"prv_candidates": rows}))
    assert len(subject.light_curve) == MOST_POINTS
    assert subject.light_curve[-1][0] == 49999.5 + MOST_POINTS + 19
