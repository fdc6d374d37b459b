"""Choosing a batch: mixtures, diversity, one of each object, and priorities for a queue."""

import numpy as np
import pytest

from ml.acquisition.choose import choose, priorities
from ml.acquisition.pool import Pool
from ml.acquisition.rules import Plan, Rule, value

N = 600
ENTROPY = Plan({Rule.ENTROPY: 1.0}, diverse=False)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def pool(n=N, seed=0, **fields):
    return Pool(**{"p_real": np.random.default_rng(seed).random(n), "p_votes": np.full(n, np.nan), **fields})


def kinds(n=N):
    """Return features of three kinds of subjects: nine in ten of the first, one in twenty of each other."""
    random = np.random.default_rng(1)
    kind = random.choice(3, n, p=[0.9, 0.05, 0.05])
    return kind, random.normal(size=(n, 8)) + 30 * np.eye(3, 8)[kind]


def test_entropy_takes_the_least_certain_first(rng):
    p = pool()
    rows = choose(p, ENTROPY, 40, rng).rows
    assert rows.tolist() == np.argsort(abs(p.p_real - 0.5))[:40].tolist()


def test_a_mixture_has_its_shares_in_every_part_of_the_batch(rng):
    plan = Plan({Rule.ENTROPY: 3, Rule.POSITIVE: 1}, diverse=False).mixed_with(Rule.RANDOM, 0.2)
    batch = choose(pool(), plan, 100, rng)
    for part in (batch.rules, batch.rules[:20], batch.rules[-20:]):
        shares = [part.count(rule) / len(part) for rule in (Rule.ENTROPY, Rule.POSITIVE, Rule.RANDOM)]
        assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.05)
    assert len(set(batch.rows.tolist())) == 100


def test_nightly_clusters_give_every_night_its_turn(rng):
    night = np.where(np.arange(N) < 100, "bad", "good")
    features = np.random.default_rng(2).normal(size=(N, 8))
    p = pool(
        p_real=np.where(night == "bad", 0.5, 0.4),
        features=lambda rows: features[rows],
        nights=lambda rows: night[rows],
    )
    whole, nightly = (choose(p, Plan(nightly=is_nightly), 40, rng).rows for is_nightly in (False, True))
    assert (night[whole] == "good").sum() < 10
    assert (night[nightly] == "good").sum() == 20


def test_the_random_share_is_unbiased(rng):
    p = pool(200)
    plan = Plan({Rule.POSITIVE: 1}).mixed_with(Rule.RANDOM, 0.5)
    means = []
    for _ in range(300):
        batch = choose(p, plan, 20, rng)
        means.append(p.p_real[batch.rows[np.array(batch.rules) == Rule.RANDOM]].mean())
    # The ten likeliest of 200 are often taken by the other rule before.
    assert np.mean(means) == pytest.approx(p.p_real.mean(), abs=0.03)


def test_a_diverse_batch_asks_about_every_kind_although_one_is_most_uncertain(rng):
    kind, features = kinds()
    uncertain = np.where(np.arange(N) < 100, 0.5, 0.1)
    p = pool(p_real=np.where(kind == 0, uncertain, 0.4), features=lambda rows: features[rows])
    plain = choose(p, ENTROPY, 12, rng).rows
    diverse = choose(p, Plan({Rule.ENTROPY: 1.0}), 30, rng).rows
    assert set(kind[plain]) == {0}
    assert set(kind[diverse]) == {0, 1, 2}


def test_the_first_batch_is_of_typical_subjects_of_every_kind(rng):
    kind, features = kinds()
    p = pool(p_real=np.full(N, np.nan), features=lambda rows: features[rows])
    batch = choose(p, Plan({Rule.TYPICAL: 1}), 6, rng)
    assert set(kind[batch.rows]) == {0, 1, 2}
    far = np.linalg.norm(features - 30 * np.eye(3, 8)[kind], axis=1)
    assert far[batch.rows].mean() < far.mean()


def test_no_object_comes_twice_and_no_near_duplicate(rng):
    _, features = kinds()
    features[300:] = features[:300] + 1e-5
    groups = np.arange(N) // 2
    p = pool(features=lambda rows: features[rows], groups=lambda rows: groups[rows])
    rows = choose(p, Plan({Rule.ENTROPY: 1.0}), 100, rng).rows
    assert len(set(groups[rows])) == len(set(rows % 300)) == len(rows) == 100


def test_fewer_objects_than_asked_for_are_all_chosen(rng):
    groups = np.arange(N) % 7
    assert len(choose(pool(groups=lambda rows: groups[rows]), Plan({Rule.RANDOM: 1}), 50, rng).rows) <= 7
    assert len(choose(pool(0), ENTROPY, 5, rng).rows) == 0
    assert sorted(choose(pool(4), ENTROPY, 9, rng).rows) == [0, 1, 2, 3]


def test_without_features_it_is_uncertainty_alone(rng):
    p = pool(features=lambda rows: None)
    assert choose(p, Plan(), 40, rng).rows.tolist() == choose(pool(), ENTROPY, 40, rng).rows.tolist()


def test_subjects_without_features_are_neither_lost_nor_one_object(rng):
    _, features = kinds()
    features[::2] = np.nan
    rows = choose(pool(features=lambda some: features[some]), Plan(), 200, rng).rows
    assert len(rows) == 200
    assert 40 < (rows % 2 == 0).sum() < 160


def test_a_long_batch_of_a_short_queue_is_of_the_uncertain(rng):
    _, features = kinds()
    p = pool(features=lambda rows: features[rows])
    rows = choose(p, Plan(), 100, rng).rows
    assert abs(p.p_real[rows] - 0.5).max() <= np.quantile(abs(p.p_real - 0.5), 0.26)


def test_only_a_shortlist_is_looked_up(rng):
    asked = []

    def features(rows):
        asked.append(len(rows))

    choose(pool(50_000, features=features), Plan(), 500, rng)
    assert asked == [4_000]


def test_the_crowd_s_certainty_counts(rng):
    p = pool(p_real=np.full(N, 0.5), p_votes=np.where(np.arange(N) < 300, 0.999, np.nan))
    assert choose(p, ENTROPY, 300, rng).rows.min() >= 300
    information = value(Rule.INFORMATION, p)
    assert information[:300].max() < information[300:].min()


def test_priorities_of_one_plain_rule_are_its_values(rng):
    p = pool()
    found = priorities(p, ENTROPY, 50, rng)
    assert (found.values == value(Rule.ENTROPY, p)).all()
    assert set(found.rules) == {Rule.ENTROPY}
    assert not found.is_spread.any()


def test_priorities_put_the_batch_first_in_its_order_and_the_unscored_before_all():
    _, features = kinds()
    p_real = np.random.default_rng(0).random(N)
    p_real[::10] = np.nan
    p = pool(p_real=p_real, features=lambda rows: features[rows])
    plan = Plan({Rule.ENTROPY: 0.8, Rule.POSITIVE: 0.2})
    result = priorities(p, plan, 50, np.random.default_rng(3))
    found, rules = result.values, result.rules
    scored = np.flatnonzero(~np.isnan(p_real))
    batch = choose(p.part(scored), plan, 50, np.random.default_rng(3))
    assert (found[::10] == 1).all()
    assert found.min() >= 0
    order = scored[np.argsort(-found[scored], kind="stable")]
    assert order[:50].tolist() == scored[batch.rows].tolist()
    assert rules[order[:50]].tolist() == batch.rules
    assert np.flatnonzero(result.is_spread).tolist() == sorted(order[:50].tolist())
    assert (np.diff(value(Rule.ENTROPY, p)[order[50:]]) <= 0.02).all()
    assert found[order[50:]] == pytest.approx(value(Rule.ENTROPY, p)[order[50:]] / 2, abs=0.0051)


@pytest.mark.parametrize("diverse", [True, False])
@pytest.mark.parametrize("rule", sorted(set(Rule) - {Rule.RANDOM, Rule.TYPICAL}))
def test_by_every_rule_the_unscored_come_before_all(rng, rule, diverse):
    p_real = np.where(np.arange(N) % 10 == 0, np.nan, rng.random(N))
    probabilities = np.stack([1 - p_real, p_real], axis=1)
    p = pool(
        p_real=p_real,
        p_votes=np.where(np.arange(N) % 20 == 0, 0.9, np.nan),
        prior=0.05,
        probabilities=probabilities,
        labelled=np.array([30, 2]),
        members=np.stack([probabilities, probabilities[:, ::-1]]),
    )
    found = priorities(p, Plan({rule: 1.0}, diverse), 50, rng).values
    assert (found[::10] == 1).all()
    assert found[np.isfinite(p_real)].max() <= 1


def test_a_second_time_gives_the_same_priorities():
    p = pool(features=lambda rows: kinds()[1][rows])
    once, again = (priorities(p, Plan(), 50, np.random.default_rng(9)).values for _ in range(2))
    assert (once == again).all()


@pytest.mark.parametrize("rule", [Rule.BALD, Rule.RARE])
def test_a_rule_says_what_it_lacks(rule):
    with pytest.raises(ValueError, match="need"):
        value(rule, pool())


def test_a_plan_needs_positive_weights():
    with pytest.raises(ValueError, match="positive weights"):
        Plan({Rule.ENTROPY: 0})
    assert Plan({Rule.ENTROPY: 2}).mixed_with(Rule.RANDOM, 1.0).weights == {Rule.RANDOM: 1.0}


def test_copies_that_fill_the_shortlist_do_not_end_the_batch(rng):
    features, p_real = np.random.default_rng(3).normal(size=(10_000, 8)), np.full(10_000, 0.3)
    features[:5_000], p_real[:5_000] = 1, 0.5
    batch = choose(
        pool(p_real=p_real, p_votes=np.full(10_000, np.nan), features=lambda rows: features[rows]), Plan(), 100, rng
    )
    assert len(batch.rows) == 100
    assert (batch.rows < 5_000).sum() == 1


def test_a_random_batch_of_objects_with_many_pictures_is_complete(rng):
    batch = choose(pool(groups=lambda rows: rows // 6), Plan({Rule.RANDOM: 1}), 90, rng)
    assert len(np.unique(batch.rows // 6)) == 90


def test_features_that_overflowed_are_as_good_as_none(rng):
    p = pool(features=lambda rows: np.full((len(rows), 8), np.inf, np.float32))
    batch = choose(p, Plan(), 20, rng)
    assert (len(batch.rows), batch.is_spread) == (20, False)
