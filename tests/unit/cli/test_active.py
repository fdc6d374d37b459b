"""The benchmark of acquisition: the loop on a small sky of known features, its figures and its plots."""

import numpy as np
import pytest

from ml.__main__ import main
from ml.cli.active.rounds import CONTENDERS, Curve, fitted, learning_curve, measured
from ml.cli.active.skies import Sky, Subjects, check_night, night_sky, simulated_sky
from ml.cli.active.summary import movers_per_hundred, summarise, votes_needed, write_charts
from ml.cli.active.voting import Crowd
from ml.crowd.retirement import MAX_VOTES, MIN_VOTES
from ml.crowd.skill import Skill
from ml.simulate.volunteers import SimulatedVolunteer
from tests.unit.io import packets


def subjects(n, share, seed):
    """Return bright subjects of which this share moves; one direction of six tells movers from others."""
    random = np.random.default_rng(seed)
    real = random.random(n) < share
    features = random.normal(size=(n, 6)) + np.outer(real, [2.5, 0, 0, 0, 0, 0])
    return Subjects(features, np.where(real, "AST", "CR"), np.full(n, 30.0), np.arange(n).astype(str))


@pytest.fixture(scope="module")
def sky():
    test = subjects(600, 0.5, 1)
    weights = np.where(test.real, 0.05, 0.95)
    return Sky(subjects(1500, 0.05, 0), test, weights, 0.05, subjects(200, 0.5, 2))


def test_asking_well_finds_more_movers_with_the_same_votes(sky):
    curves = {rule: learning_curve(sky, CONTENDERS[rule], 0, (0, 0), 500) for rule in ("random", "entropy, diverse")}
    found = {rule: movers_per_hundred(curve, 500) for rule, curve in curves.items()}
    assert found["entropy, diverse"] > 2 * found["random"]
    for curve in curves.values():
        labels = np.diff([0, *curve.labelled])
        votes = np.diff([0, *curve.votes])
        assert (votes >= MIN_VOTES * labels).all()
        assert (votes <= MAX_VOTES * labels).all()
        assert curve.movers[-1] <= sky.pool.real.sum()


@pytest.mark.parametrize("rule", CONTENDERS)
def test_every_rule_runs_and_the_same_seed_gives_the_same_curve(sky, rule):
    once, again = (learning_curve(sky, CONTENDERS[rule], 3, (0, 0), 150) for _ in range(2))
    assert vars(once) == vars(again)
    assert once.votes[-1] >= 150


def test_a_pool_that_is_too_hard_is_labelled_whole_and_then_left():
    small = subjects(60, 0.3, 4)
    sky = Sky(small, small, np.ones(60), 0.3, subjects(100, 0.5, 5))
    curve = learning_curve(sky, CONTENDERS["random"], 0, (2.0, 2.0), 10)
    assert curve.labelled[-1] == 60


def test_the_crowd_s_posteriors_follow_the_truth(sky):
    crowd = Crowd(sky, 0)
    rows = np.arange(0, 600)
    posterior = np.array([crowd.posterior(row) for row in rows])
    real = sky.pool.real[rows]
    assert posterior[real].mean() > 0.8
    assert posterior[~real].mean() < 0.05


@pytest.mark.parametrize(
    ("answers", "votes"),
    [("yes yes yes", 3), ("unsure yes yes yes", 4), ("unsure unsure unsure no no no", 6), ("yes unsure " * 2, 10)],
)
def test_abstentions_are_no_votes_that_decided(answers, votes, sky, monkeypatch):
    crowd, said = Crowd(sky, 0), iter(answers.split() + ["unsure"] * MAX_VOTES)
    expert = Skill.of([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01]])
    monkeypatch.setattr(crowd, "skills", [expert] * len(crowd.people))
    monkeypatch.setattr(SimulatedVolunteer, "answer", lambda *_: (next(said), None))
    crowd.posterior(0)
    assert crowd.given == votes


def test_full_labels_are_measured_at_the_pool_s_share(sky):
    precision, auc = measured(sky, fitted(sky.pool.features, sky.pool.real.astype(float)))
    assert 0.9 < auc < 1
    assert precision < auc


def test_votes_are_interpolated_between_rounds():
    curve = Curve([100, 200, 300], [20, 40, 60], [2, 3, 5], [0.5, 0.7, 0.6], [0.8, 0.9, 0.95])
    assert votes_needed(curve, "precision", 0.6) == 150
    assert votes_needed(curve, "precision", 0.4) == 100
    assert votes_needed(curve, "precision", 0.71) == float("inf")
    assert movers_per_hundred(curve, 150) == pytest.approx(100 * 2.5 / 150)


def test_the_summary_compares_with_random_seed_by_seed():
    full = [(1.0, 1.0), (1.0, 1.0)]
    random = [Curve([100, 400], [9, 9], [1, 2], [0.1, 0.95], [0.95, 0.96]), Curve([800], [9], [1], [0.96], [0.96])]
    half = [Curve([200], [9], [1], [0.95], [0.95]), Curve([400], [9], [1], [0.96], [0.5])]
    figures = summarise({"random": random, "half": half}, full)["rules"]
    assert figures["random"]["precision"]["votes"]["mean"] == 600
    assert figures["half"]["precision"]["ratio"]["mean"] == pytest.approx(0.5)
    assert figures["half"]["auc"]["missed"] == 1


def test_simulated_skies_have_their_share_and_use_nothing_twice():
    bank = subjects(12_000, 0.4, 7)
    sky = simulated_sky(bank, 0.05, 1000, seed=1)
    assert sky.pool.real.mean() == pytest.approx(0.05)
    parts = [set(part.group) for part in (sky.pool, sky.test, sky.gold)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12_000
    assert sky.weights[sky.test.real].sum() == pytest.approx(0.05)
    with pytest.raises(ValueError, match="too small"):
        simulated_sky(subjects(3100, 0.5, 0), 0.5, 4000, seed=1)


def test_a_night_is_split_by_object():
    night = subjects(100, 0.3, 0)
    night = Subjects(night.features, night.label, night.snr, np.repeat(np.arange(50), 2))
    sky = night_sky(night, night, 0)
    assert not set(sky.pool.group) & set(sky.test.group)
    assert len(sky.pool) == 60


def test_the_plots_are_drawn(sky, tmp_path):
    curves = {
        "5 % movers": {"random": [learning_curve(sky, CONTENDERS["random"], seed, (0, 0), 100) for seed in (0, 1)]}
    }
    names = write_charts(curves, ["random", "BALD"], tmp_path)
    assert names == ["precision-5-movers.png", "auc-5-movers.png", "movers-5-movers.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--out DIR"),
        (["--out", "OUT", "--rules", "astrology"], "There is no rule 'astrology'"),
        (["--out", "OUT", "--shares", "5"], "--shares must be between 0 and 1"),
        (["--out", "OUT", "--shares", ","], "There is no sky to ask about: name shares of movers"),
        (["--out", "OUT", "--seeds", "0"], "--seeds is a number of repetitions, 1 or more, not 0."),
        (["--out", "OUT", "--night", "nowhere"], "--night is nowhere: that folder is not there."),
    ],
)
def test_bad_options_are_explained(options, message, tmp_path, capsys):
    options = [str(tmp_path) if word == "OUT" else word for word in options]
    assert main(["benchmark", "active", *options]) == 2
    assert message in capsys.readouterr().err


def test_a_night_needs_an_alert_of_a_known_asteroid(tmp_path):
    with pytest.raises(ValueError, match="no alert there has a known asteroid within 5 arcsec"):
        check_night(tmp_path)
    packets.write(tmp_path / "far.avro", packets.ztf(ssdistnr=5.1), packets.ztf(ssdistnr=-999.0))
    with pytest.raises(ValueError, match="no alert there has a known asteroid within 5 arcsec"):
        check_night(tmp_path)
    packets.write(tmp_path / "near.avro", packets.ztf(ssdistnr=2.0))
    check_night(tmp_path)
