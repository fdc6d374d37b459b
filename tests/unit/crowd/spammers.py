"""Simulated spammers and bots."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ml.simulate.volunteers import NO, YES, SimulatedVolunteer, crowd

CONSTANT, RANDOM, FAST, COPY = "constant", "random", "fast", "copy"
KINDS = (CONSTANT, RANDOM, FAST, COPY)
FAST_SECONDS = 0.15
RING = 5


@dataclass
class Spammer(SimulatedVolunteer):
    """Answers without looking: always the same, or at random; a fast one faster than anybody can look.

    `always` is the one answer of a constant one, and empty for the others.
    """

    always: str = ""

    def answer(
        self, truth: str, positive: Collection[str], snr: float | None = None, classes: Sequence[str] = ()
    ) -> tuple[str, str | None]:
        """Answer independently of the subject; see `SimulatedVolunteer.answer`."""
        said = self.always or (YES if self.rng.random() < 0.5 else NO)
        choices = [name for name in classes if (name in positive) == (said == YES)]
        return said, str(self.rng.choice(choices)) if choices else None


def spammed_crowd(n: int, share: float, seed: int, kinds: Sequence[str] = KINDS) -> list[SimulatedVolunteer]:
    """Draw an honest crowd of n, plus spammers of the given kinds in turn: a fraction `share` of all.

    Copies come in rings of up to five that share one random stream, and so give the same answers to the same subjects
    in the same order; their sort names the ring.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share of spammers is from 0 to below 1, not {share}")
    heads = round(n * share / (1 - share))
    seeds = np.random.SeedSequence([seed, heads]).spawn(heads)
    wanted = [kinds[i % len(kinds)] for i in range(heads)]
    spammers = [spammer(f"simulated-{seed}-spam-{i:04d}", wanted[i], seeds[i], i) for i in range(heads)]
    return [*crowd(n, seed), *in_rings(spammers, seeds)]


def spammer(name: str, kind: str, seed: np.random.SeedSequence, number: int) -> Spammer:
    seconds = FAST_SECONDS if kind == FAST else 2.0
    always = (YES if number % (2 * len(KINDS)) < len(KINDS) else NO) if kind == CONSTANT else ""
    return Spammer(name, kind, 0.0, 0.0, 0.0, seconds, np.random.default_rng(seed), always)


def in_rings(spammers: list[Spammer], seeds: list[np.random.SeedSequence]) -> list[Spammer]:
    """Give the copies in each ring the same random stream, as separate objects with the same start."""
    copies = [number for number, each in enumerate(spammers) if each.sort == COPY]
    for place, number in enumerate(copies):
        ring = place // RING
        stream = np.random.default_rng(seeds[copies[ring * RING]])
        spammers[number] = replace(spammers[number], sort=f"{COPY}-{ring}", rng=stream)
    return spammers
