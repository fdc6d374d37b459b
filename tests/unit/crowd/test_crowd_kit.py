"""Methods that crowd-kit 1.4.2 also has agree with it to 1e-3 after as many iterations from the same start.

crowd-kit's own pandas calls raise deprecation warnings, which are ignored.
"""

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import GLAD, DawidSkene, MajorityVote, OneCoinDawidSkene, Wawa

from ml.crowd.dawid_skene import DawidSkene as OurDawidSkene
from ml.crowd.glad import Glad
from ml.crowd.majority import Majority, WeightedMajority
from ml.crowd.one_coin import OneCoin
from ml.crowd.votes import Votes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(params=[(2, 0), (4, 2)], ids=["2 classes", "4 classes"])
def votes(request):
    """4 or 5 votes on each of 200 items by 25 uneven workers."""
    classes, seed = request.param
    rng = np.random.default_rng(seed)
    truth, skill = rng.integers(0, classes, 200), rng.uniform(0.4, 0.95, 25)
    item, worker = np.nonzero(rng.permuted(np.tile(np.arange(25) < 5, (200, 1)), axis=1))
    keep = rng.random(len(item)) < 0.95
    item, worker = item[keep], worker[keep]
    wrong = (truth[item] + rng.integers(1, classes, len(item))) % classes
    answer = np.where(rng.random(len(item)) < skill[worker], truth[item], wrong)
    return Votes.of([f"{i:03d}" for i in item], [f"w{w:02d}" for w in worker], [str(a) for a in answer])


def frame(votes):
    return pd.DataFrame(
        {
            "task": np.array(votes.items)[votes.item],
            "worker": np.array(votes.workers)[votes.worker],
            "label": votes.answer,  # numbers: of names, pandas may put another than the first in order first
        }
    )


def theirs(model, votes, *settings):
    table = model.fit_predict_proba(frame(votes), *settings)
    return table.reindex(index=list(votes.items), columns=range(len(votes.classes))).fillna(0).to_numpy()


@pytest.mark.parametrize("rounds", [1, 20])
def test_dawid_skene(votes, rounds):
    """Smoothing 0, as there: cells are only kept above 1e-10. Their early stopping is turned off."""
    expected = theirs(DawidSkene(n_iter=rounds, tol=-1e9), votes)
    ours = OurDawidSkene(smoothing=0, max_iter=rounds, tol=0).fit(votes)
    assert ours.n_iter_ == rounds
    np.testing.assert_allclose(ours.posteriors_, expected, atol=1e-3)


@pytest.mark.parametrize("rounds", [1, 8])
def test_one_coin(votes, rounds):
    """Smoothing 0, as there. Theirs has no unsure, so these votes have none."""
    expected = theirs(OneCoinDawidSkene(n_iter=rounds, tol=-1e9), votes)
    ours = OneCoin(smoothing=0, max_iter=rounds, tol=0).fit(votes)
    np.testing.assert_allclose(ours.posteriors_, expected, atol=1e-3)


def test_glad(votes):
    """Their iteration is E-step, then M-step, and they report the posteriors from before their last M-step.

    So their n iterations are our first guess and n - 1 iterations of M-step, then E-step. The priors and the settings
    of conjugate gradients are theirs; both stop each M-step at a gradient of 0.01 or after 25 steps.
    """
    expected = theirs(GLAD(n_iter=3, tol=-1e9), votes)
    ours = Glad(max_iter=2, tol=0).fit(votes)
    np.testing.assert_allclose(ours.posteriors_, expected, atol=1e-3)


def test_majority(votes):
    np.testing.assert_allclose(Majority().fit(votes).posteriors_, theirs(MajorityVote(), votes), atol=1e-9)


def test_weighted_majority(votes):
    """On items without a tie, since theirs picks one class, in pandas' order.

    The last line of their `Wawa.predict_proba` is copied here: it is preceded by a check that fails with scikit-learn
    1.9.
    """
    ordered = np.sort(votes.counts(), axis=1)
    clear = votes.only((ordered[:, -1] > ordered[:, -2])[votes.item])
    expected = theirs(MajorityVote(), clear, Wawa().fit(frame(clear)).skills_)
    ours = WeightedMajority().fit(clear).posteriors_
    asked = clear.counts().any(axis=1)
    np.testing.assert_allclose(ours[asked], expected[asked], atol=1e-9)
