"""Which subjects of a simulated survey are gold."""

import pandas as pd

from webapp.console.demo.config import TEST_GOLD_FRACTION, TRAINING_GOLD
from webapp.console.demo.setup import choose_gold
from webapp.learning.test_sets import is_test_group


def sky(n):
    names = [f"s-{number:05d}" for number in range(n)]
    return pd.DataFrame({"object_group": names, "label": ["SSO" if number % 20 == 0 else "CR" for number in range(n)]})


def test_training_gold_has_more_movers_than_chance_and_the_test_side_its_share():
    rows = sky(6000)
    is_gold = choose_gold(rows, 1, ("SSO",))
    is_test = rows["object_group"].map(is_test_group)
    gold, test = rows[is_gold & ~is_test], rows[is_gold & is_test]
    assert (gold["label"] == "SSO").value_counts().to_dict() == TRAINING_GOLD
    assert abs(len(test) / is_test.sum() - TEST_GOLD_FRACTION) < 0.05
    assert 0.02 < (test["label"] == "SSO").mean() < 0.09


def test_the_same_seed_chooses_the_same_gold():
    rows = sky(2000)
    assert (choose_gold(rows, 3, ("SSO",)) == choose_gold(rows, 3, ("SSO",))).all()
    assert (choose_gold(rows, 3, ("SSO",)) != choose_gold(rows, 4, ("SSO",))).any()
