"""Choose the subjects to ask about next, and their priorities in a queue: one implementation for every caller."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.acquisition.diversity import CLUSTERS, cluster, embed, near_duplicates, spread, typicality
from ml.acquisition.pool import Array, Pool, Rows
from ml.acquisition.rules import SPREAD, Plan, Rule, Values, value

OVERSAMPLE = 20
"""Best candidates that are clustered for each subject to choose. Fewer would be less diverse."""
MOST_SHARE = 0.25
"""Maximum fraction of the pool to cluster, so that a large batch from a short queue stays uncertain."""
MOST_CANDIDATES = 4_000
"""Maximum number to cluster, since the features of each must be read."""
DIGITS = 2
"""Values outside the batch are rounded to so many decimals, so that a slightly different model moves few of them."""
MOST_TYPICAL = 20_000
"""Typical subjects are sought in a random sample of this size, so that time and memory stay bounded."""
SEARCHES = 10
"""Shortlists that are read at most: thousands of copies of one picture may fill the first few."""


@dataclass(frozen=True)
class Chosen:
    """Rows of the pool (n,), first to ask first, the rule that chose each (n,), and whether clusters took turns."""

    rows: Rows
    rules: list[Rule]
    is_spread: bool = False


def choose(pool: Pool, plan: Plan, n: int, rng: np.random.Generator) -> Chosen:
    """Choose up to `n` subjects by a plan, no two of one object and no near-duplicates among them.

    The rules take turns by their weights, so any first part of the batch is mixed like the whole. Each rule offers its
    subjects best first; with `plan.diverse`, the `OVERSAMPLE` × n most uncertain are clustered in feature space, and
    the clusters take turns; with `plan.nightly`, the nights do, and in each its clusters. Without features it does the
    same without clusters. If copies of a few subjects fill the shortlists, so that the batch is not complete, it goes
    on with the rest of the pool, `SEARCHES` times at most. Fewer than `n` are returned if the pool has fewer objects.

    Source of "uncertain, then clustered": Zhdanov 2019, arXiv:1901.05954; of typical first batches: Hacohen et al.
    2022, ICML.
    """
    n, chosen = min(n, len(pool)), Chosen(np.zeros(0, dtype=np.intp), [])
    rest, left = pool, np.arange(len(pool))
    for _ in range(SEARCHES):
        wanted = min(n - len(chosen.rows), len(left))
        if not wanted:
            break
        lists = {rule: left[_shortlist(rule, rest, wanted, rng)] for rule in plan.weights}
        candidates = Candidates.of(pool, np.unique(np.concatenate([chosen.rows, *lists.values()])))
        queues = {rule: candidates.ordered(rule, rows, plan, wanted, rng) for rule, rows in lists.items()}
        chosen = _deal(queues, plan, candidates, chosen, n)
        left = np.setdiff1d(left, candidates.rows)
        rest = pool.part(left)
    return chosen


@dataclass(frozen=True)
class Priorities:
    """For each subject its priority (N,) in 0..1, the rule behind it (N,), and whether it was spread out (N,)."""

    values: Values
    rules: Array
    is_spread: NDArray[np.bool_]


def priorities(pool: Pool, plan: Plan, head: int, rng: np.random.Generator) -> Priorities:
    """Return the priority of every subject.

    The first `head` by `choose` have the priorities between 1 and 0.5, and all others half their value by the plan's
    main rule, rounded. A plan of one rule that is not diverse needs no batch: its priorities are the values.
    Subjects without a score have 1, the maximum, by any rule.
    """
    values = np.where(np.isnan(pool.p_real), 1.0, value(plan.main, pool))
    rules, is_spread = np.full(len(pool), plan.main, dtype=object), np.zeros(len(pool), dtype=bool)
    if not plan.diverse and len(plan.weights) == 1:
        return Priorities(values, rules, is_spread)
    scored = np.flatnonzero(~np.isnan(pool.p_real))
    batch = choose(pool.part(scored), plan, head, rng)
    values[scored] = np.round(values[scored] / 2, DIGITS)
    values[scored[batch.rows]] = np.linspace(1, 0.5, len(batch.rows) + 2)[1:-1]
    rules[scored[batch.rows]] = batch.rules
    is_spread[scored[batch.rows]] = batch.is_spread
    return Priorities(values, rules, is_spread)


def _shortlist(rule: Rule, pool: Pool, n: int, rng: np.random.Generator) -> Rows:
    """Return the rows (m,) that a rule may choose from, best first; those of equal value in random order."""
    shuffled = rng.permutation(len(pool))
    if rule in (Rule.RANDOM, Rule.TYPICAL):
        return shuffled[: n if rule == Rule.RANDOM else MOST_TYPICAL]
    values = value(rule, pool)[shuffled]
    most = max(n, min(OVERSAMPLE * n, MOST_CANDIDATES, round(MOST_SHARE * len(pool))))
    best = np.argpartition(-values, most - 1)[:most]
    return shuffled[best[np.argsort(-values[best], kind="stable")]]


@dataclass(frozen=True)
class Candidates:
    """The rows of all shortlists, ascending, with their objects; near-duplicates count as one object.

    `embedded` is their place in feature space, with `known` False where it is unknown; None if nowhere known. `nights`
    are numbers from 0, one a night.
    """

    rows: Rows
    groups: Array
    likenesses: Rows
    nights: Rows
    embedded: NDArray[np.float32] | None = None
    known: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, pool: Pool, rows: Rows) -> "Candidates":
        """Look up the features and groups of the rows, once for all rules."""
        itself = np.arange(len(rows))
        groups = itself if pool.groups is None else np.unique(pool.groups(rows), return_inverse=True)[1]
        nights = 0 * itself if pool.nights is None else np.unique(pool.nights(rows), return_inverse=True)[1]
        features = None if pool.features is None else pool.features(rows)
        if features is None or not (known := np.asarray(np.isfinite(features).all(axis=1))).any():
            return cls(rows, groups, itself, nights)
        embedded, likenesses = embed(features), len(rows) + itself
        likenesses[known] = near_duplicates(embedded[known])
        return cls(rows, groups, likenesses, nights, embedded, known)

    def objects(self, place: int) -> tuple[tuple[str, int], tuple[str, int]]:
        """Return what no other subject of the batch may share with the one at `place`."""
        return ("group", int(self.groups[place])), ("likeness", int(self.likenesses[place]))

    def ordered(self, rule: Rule, rows: Rows, plan: Plan, n: int, rng: np.random.Generator) -> Rows:
        """Return places in `rows` of one rule's shortlist, first to ask first."""
        places = np.searchsorted(self.rows, rows)
        if rule == Rule.TYPICAL:
            return self._typical_first(places, n, rng)
        if self.embedded is None or self.known is None or rule not in SPREAD or not plan.diverse:
            return places
        clusters = np.zeros(len(places), dtype=np.intp)
        nights = self.nights[places] if plan.nightly else np.zeros(len(places), dtype=np.intp)
        for night in np.unique(nights):
            clusters[nights == night] = cluster(self.embedded[places[nights == night]], CLUSTERS, rng)
        unknown = ~self.known[places]
        clusters[unknown] = rng.integers(CLUSTERS, size=unknown.sum())
        order = spread(-np.arange(len(places)), clusters + CLUSTERS * nights)
        return places[order[spread(-np.arange(len(order)), nights[order])] if plan.nightly else order]

    def _typical_first(self, places: Rows, n: int, rng: np.random.Generator) -> Rows:
        """Return the most typical of each of n clusters, then the next; places of unknown features in random order."""
        if self.embedded is None or self.known is None:
            return places
        seen, unseen = places[self.known[places]], places[~self.known[places]]
        if not len(seen):
            return places
        clusters = cluster(self.embedded[seen], n, rng)
        return np.concatenate([seen[spread(typicality(self.embedded[seen], clusters), clusters)], unseen])


def _deal(queues: Mapping[Rule, Rows], plan: Plan, candidates: Candidates, chosen: Chosen, n: int) -> Chosen:
    """Let the rules take turns by their weights until there are n; each takes the first of its queue that is new.

    New is a subject whose object is not taken yet.
    """
    left = {rule: iter(queue.tolist()) for rule, queue in queues.items()}
    rows, rules = chosen.rows.tolist(), [*chosen.rules]
    turns = {rule: rules.count(rule) for rule in queues}
    taken = {each for place in np.searchsorted(candidates.rows, rows).tolist() for each in candidates.objects(place)}
    while left and len(rows) < n:
        rule = min(left, key=lambda each: (turns[each] + 1) / plan.weights[each])
        turns[rule] += 1
        place = next((place for place in left[rule] if taken.isdisjoint(candidates.objects(place))), None)
        if place is None:
            del left[rule]
            continue
        taken.update(candidates.objects(place))
        rows.append(int(candidates.rows[place]))
        rules.append(rule)
    is_spread = chosen.is_spread or (plan.diverse and candidates.embedded is not None)
    return Chosen(np.array(rows, dtype=np.intp), rules, is_spread)
