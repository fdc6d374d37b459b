"""Aggregate 1,000,000 votes: ours against crowd-kit, from the same integer columns in memory to posteriors.

Integers are the fastest input of both; the cost of names is reported separately. Both run the same number of iterations
from the same start, alternating, so that a slow moment of the machine affects both; the ratio is that of the best
times. Afterwards the posteriors are compared.
"""

import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from crowdkit.aggregation import GLAD, DawidSkene, MajorityVote, OneCoinDawidSkene, Wawa

from ml.crowd.bwa import Bwa
from ml.crowd.dawid_skene import DawidSkene as OurDawidSkene
from ml.crowd.ebcc import Ebcc
from ml.crowd.glad import Glad
from ml.crowd.ibcc import Ibcc
from ml.crowd.majority import Majority, WeightedMajority
from ml.crowd.model_selection import Auto
from ml.crowd.one_coin import OneCoin
from ml.crowd.votes import Votes

ITEMS, WORKERS, EACH = 40_000, 2_000, 25
ROUNDS, FLOOR, AGREEMENT = 10, 5.0, 1e-3

Posteriors = Callable[[pd.DataFrame], np.ndarray]


def crowd(seed: int = 1) -> pd.DataFrame:
    """Make 25 votes on each item by workers who are right 55 to 95 times in a hundred."""
    rng = np.random.default_rng(seed)
    truth, skill = rng.integers(0, 2, ITEMS), rng.uniform(0.55, 0.95, WORKERS)
    item = np.repeat(np.arange(ITEMS), EACH)
    # A worker and those at equal steps from them: 25 different ones for every item.
    worker = (np.repeat(rng.integers(0, WORKERS, ITEMS), EACH) + np.tile(np.arange(EACH), ITEMS) * 79) % WORKERS
    answer = np.where(rng.random(len(item)) < skill[worker], truth[item], 1 - truth[item])
    return pd.DataFrame({"task": item, "worker": worker, "label": answer})


ITEM_NAMES, WORKER_NAMES = (tuple(f"{code:06d}" for code in range(n)) for n in (ITEMS, WORKERS))


def ours(model: Any) -> Posteriors:
    def run(table: pd.DataFrame) -> np.ndarray:
        columns = (table[name].to_numpy() for name in ("task", "worker", "label"))
        return model.fit(Votes(*columns, ITEM_NAMES, WORKER_NAMES, ("0", "1"))).posteriors_

    return run


def seconds_for_names(table: pd.DataFrame) -> float:
    """Time the conversion of names to integer codes."""
    named = [table[name].map("{:06d}".format) for name in table]
    began = time.perf_counter()
    Votes.of(*named)
    return time.perf_counter() - began


def theirs(model: Any) -> Posteriors:
    return lambda table: model.fit_predict_proba(table).sort_index().sort_index(axis=1).to_numpy()


def their_weighted_majority(table: pd.DataFrame) -> np.ndarray:
    # What Wawa.predict_proba does after a check that scikit-learn 1.9 answers with an error.
    weighted = MajorityVote().fit_predict_proba(table, Wawa().fit(table).skills_)
    return weighted.sort_index().sort_index(axis=1).to_numpy()


# name: ours, theirs, how often both are timed
PAIRS: dict[str, tuple[Posteriors, Posteriors, int]] = {
    "majority": (ours(Majority()), theirs(MajorityVote()), 3),
    "weighted-majority": (ours(WeightedMajority()), their_weighted_majority, 3),
    "dawid-skene": (
        ours(OurDawidSkene(smoothing=0, max_iter=ROUNDS, tol=0)),
        theirs(DawidSkene(n_iter=ROUNDS, tol=-1e9)),
        2,
    ),
    "one-coin": (
        ours(OneCoin(smoothing=0, max_iter=ROUNDS, tol=0)),
        theirs(OneCoinDawidSkene(n_iter=ROUNDS, tol=-1e9)),
        2,
    ),
    # Theirs reports the posteriors from before its last M-step, so its second round is our first.
    "glad": (ours(Glad(max_iter=1, tol=0, step_iter=2)), theirs(GLAD(n_iter=2, tol=-1e9, m_step_max_iter=2)), 1),
}


# Methods that crowd-kit lacks, with as many rounds.
ALONE: dict[str, Posteriors] = {
    "bwa": ours(Bwa(max_iter=ROUNDS, tol=0)),
    "ibcc": ours(Ibcc(max_iter=ROUNDS, tol=0)),
    "ebcc": ours(Ebcc(max_iter=ROUNDS, tol=0)),
    "auto": ours(Auto()),
}


def seconds_of(our: Posteriors, table: pd.DataFrame) -> float:
    began = time.perf_counter()
    our(table)
    return round(time.perf_counter() - began, 3)


def compare(our: Posteriors, their: Posteriors, times: int, table: pd.DataFrame) -> dict[str, Any]:
    taken: list[tuple[float, float]] = []
    for _ in range(times):
        began = time.perf_counter()
        mine = our(table)
        between = time.perf_counter()
        yours = their(table.copy())
        taken.append((between - began, time.perf_counter() - between))
    best, best_theirs = np.min(taken, axis=0).tolist()
    difference = float(np.abs(mine - yours).max())
    return {
        "seconds": round(best, 3),
        "crowd_kit_seconds": round(best_theirs, 3),
        "ratio": round(best_theirs / best, 1),
        "largest_difference": float(f"{difference:.1e}"),
        "met": best_theirs / best >= FLOOR and difference <= AGREEMENT,
    }


def main() -> None:
    warnings.simplefilter("ignore")  # crowd-kit's pandas calls warn of deprecations
    table = crowd()
    methods = {name: compare(*pair, table) for name, pair in PAIRS.items()}
    result = {
        "votes": len(table),
        "rounds": ROUNDS,
        "floor": FLOOR,
        "methods": methods,
        "seconds_alone": {name: seconds_of(method, table) for name, method in ALONE.items()},
        "seconds_for_names": round(seconds_for_names(table), 3),
    }
    print(json.dumps(result | {"met": all(method["met"] for method in methods.values())}))


if __name__ == "__main__":
    main()
