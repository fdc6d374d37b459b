"""The whole loop on one real night of ZTF: known asteroids are the truth, the volunteers are simulated."""

import json

import pytest

from tests.acceptance.running_site import free_port, manage

SURVEYS_OWN_RB = 0.548
PUBLISHED_BRAAI = 0.816
WANTED = 0.95


@pytest.mark.real
@pytest.mark.timeout(900)
def test_the_loop_learns_to_tell_asteroids_from_a_real_night(tmp_path, shared_data, capsys):
    night = shared_data / "ztf-night-20181128"
    played = manage(tmp_path, "demo_ztf", str(night), "--no-serve", "--port", str(free_port()), seconds=800)
    assert played.returncode == 0, played.stdout + played.stderr
    rounds = json.loads((tmp_path / "demo-ztf.json").read_text())["surveys"]["ztf"]["rounds"]
    auc = rounds[-1]["model_auc"]
    with capsys.disabled():
        print(f"\nZTF night, known asteroids against the rest, ROC AUC: champion (cross-validated) {auc:.3f},")
        print(f"the survey's rb {SURVEYS_OWN_RB}, published braai {PUBLISHED_BRAAI}.")
    assert len(rounds) >= 5
    assert f"{SURVEYS_OWN_RB}" in played.stdout, "the survey's own score is told beside ours"
    assert auc >= WANTED
