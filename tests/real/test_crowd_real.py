"""Real crowds with known truth: majority and Dawid–Skene reach the accuracies in ../shared/data/README.md."""

import numpy as np
import pytest

from ml.crowd.cli import METHODS, score
from ml.crowd.read import read_truth, read_votes

pytestmark = pytest.mark.real

TWO_CLASSES = {"bluebird": (0.759, 0.898), "rte": (0.897, 0.928), "trec": (0.651, 0.702), "d_sentiment": (0.934, 0.960)}


def scored(folder, name, method):
    votes = read_votes(folder / "crowd" / f"{name}_label.csv")
    truth = votes.codes_of(read_truth(folder / "crowd" / f"{name}_truth.csv"))
    model = METHODS[method]()
    model.fit(votes)
    return score(model.posteriors_, truth)


@pytest.mark.parametrize("name", TWO_CLASSES)
def test_published_accuracies_are_reached(shared_data, name):
    majority, dawid_skene = TWO_CLASSES[name]
    assert scored(shared_data, name, "majority")["accuracy"] == pytest.approx(majority, abs=6e-4)
    assert scored(shared_data, name, "dawid-skene")["accuracy"] == pytest.approx(dawid_skene, abs=1e-3)


@pytest.mark.parametrize("name", [*TWO_CLASSES, "s4_Relevance"])
def test_auto_is_as_often_right_and_far_better_calibrated(shared_data, name):
    auto, plain = (scored(shared_data, name, method) for method in ("auto", "dawid-skene"))
    assert auto["accuracy"] >= plain["accuracy"] - 0.002
    assert auto["log_loss"] < 0.62 * plain["log_loss"]


@pytest.mark.parametrize("name", TWO_CLASSES)
def test_swap_without_gold_beats_the_majority(shared_data, name):
    assert scored(shared_data, name, "swap")["accuracy"] > scored(shared_data, name, "majority")["accuracy"] + 0.02


def test_swap_learns_from_a_tenth_as_gold(shared_data):
    votes = read_votes(shared_data / "crowd" / "d_sentiment_label.csv")
    truth = votes.codes_of(read_truth(shared_data / "crowd" / "d_sentiment_truth.csv"))
    gold = np.where(np.random.default_rng(1).random(len(truth)) < 0.1, truth, -1)
    model = METHODS["swap"]()
    model.fit(votes, gold)
    rest = np.where(gold < 0, truth, -1)
    assert score(model.posteriors_, rest)["accuracy"] > 0.94
