"""The whole loop on one real night of ZTF, with known asteroids as truth, and simulated volunteers."""

import json
from statistics import mean

import pytest

from tests.acceptance.running_site import free_port, manage, prepare

SURVEYS_OWN_RB = 0.548
PUBLISHED_BRAAI = 0.816
WANTED = 0.95
ALONE = ("--no-serve", "--no-control")


@pytest.fixture
def empty_site(tmp_path):
    prepare(tmp_path)
    return tmp_path


@pytest.mark.real
@pytest.mark.timeout(900)
def test_the_loop_learns_to_tell_asteroids_from_a_real_night(empty_site, tmp_path, shared_data, capsys):
    night = shared_data / "ztf-night-20181128"
    played = manage(tmp_path, "demo_ztf", str(night), "--rounds", "2", *ALONE, "--port", str(free_port()))
    assert played.returncode == 0, played.stdout + played.stderr
    rounds = json.loads((tmp_path / "demo-ztf.json").read_text())["surveys"]["ztf"]["rounds"]
    champion = [one["model_auc"] for one in rounds if one["is_champion"]][-1]
    models = mean(one["model_auc"] for one in rounds)
    with capsys.disabled():
        print(f"\nZTF night, known asteroids against the rest, ROC AUC: champion (cross-validated) {champion:.3f},")
        print(f"mean of three rounds {models:.3f}; the survey's rb {SURVEYS_OWN_RB}, braai {PUBLISHED_BRAAI}.")
    assert len(rounds) == 3
    found = [one["movers_found"] for one in rounds]
    assert found[0] == 0 < found[1] < found[-1] <= 145, "the night has 145 known asteroids"
    assert "the survey's own rb" in played.stdout
    assert models >= WANTED, "one model's figure has an error of .008 on 499 subjects; the mean of three is steadier"
    assert champion > PUBLISHED_BRAAI
