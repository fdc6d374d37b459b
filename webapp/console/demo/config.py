"""Configuration of the demonstration (skies, arms, votes, rounds), and its ground truth from the simulation's table."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd
from django.utils.translation import gettext_noop

from ml.simulate.atlas.night import atlas
from ml.simulate.euclid.euclid_field import euclid

CROWD = 24
SHARE = 0.05  # of movers
# The gate needs some fifty movers to distinguish models. For training, scientists have marked more of the rare movers
# than chance would; all other labels come from volunteers.
TEST_GOLD_FRACTION = 0.25
TRAINING_GOLD = {True: 48, False: 72}
UNTOUCHED_FRACTION = 0.35


@dataclass(frozen=True)
class Plan:
    """One survey of a demonstration, with its numbers of votes and rounds."""

    slug: str
    name: str
    description: str
    question: str
    kind: str
    votes_per_round: int
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    channels: tuple[str, ...]
    pixel_scale: float
    seeing: float
    position_floor: float
    is_simulated: bool = True
    rounds: int = 5
    prior: float = 0.5
    max_votes: int = 7
    sure: float = 0.97

    @property
    def follow_ups(self) -> dict[str, list[str]]:
        """The fine classes by answer; none if each answer has only one."""
        yes = [name for name in self.classes if name in self.positive]
        no = [name for name in self.classes if name not in self.positive]
        return {answer: names for answer, names in {"yes": yes, "no": no}.items() if len(names) > 1}


@dataclass(frozen=True)
class Sky(Plan):
    """A survey with a simulated sky."""

    simulate: Callable[..., Path] = field(kw_only=True, repr=False)
    subjects: int = field(kw_only=True)


ATLAS = Sky(
    slug="atlas-simulated",
    name="ATLAS-like night (simulated)",
    description=gettext_noop(
        "ATLAS-style images, simulated: one difference image of each detection. One in twenty is a mover."
    ),
    question=gettext_noop("Is this a real moving object?"),
    kind="stamp",
    simulate=partial(atlas, share=SHARE),
    subjects=20_000,
    prior=SHARE,
    votes_per_round=800,
    classes=("BURN", "CR", "NOISE", "SCAR", "SPIKE", "AST", "STREAK", "COMET"),
    positive=("AST", "STREAK", "COMET"),
    channels=("difference",),
    pixel_scale=1.86,
    seeing=4.5,
    position_floor=0.1,
)
EUCLID = Sky(
    slug="euclid-simulated",
    name="Euclid-like field (simulated)",
    description=gettext_noop("Euclid-style images, simulated: three dithers of each source. One in twenty is a mover."),
    question=gettext_noop("Is there a moving object in the middle?"),
    kind="stamp",
    simulate=partial(euclid, size=64, share=SHARE),
    subjects=20_000,
    prior=SHARE,
    votes_per_round=800,
    classes=("CR", "GALAXY", "STAR", "SSO"),
    positive=("SSO",),
    channels=("dither 1", "dither 2", "dither 3"),
    pixel_scale=0.1,
    seeing=0.16,
    position_floor=0.02,
)
SKIES = (ATLAS, EUCLID)


@dataclass(frozen=True)
class Source:
    """The truth about one subject."""

    label: str
    is_real: bool
    snr: float


class Truth:
    """The truth about every subject, by external id."""

    def __init__(self, sources: dict[str, Source], positive: Collection[str]) -> None:
        self.sources = sources
        self.positive = tuple(positive)

    @classmethod
    def read(cls, path: Path, positive: Collection[str]) -> "Truth":
        table = pd.read_csv(path, dtype={"external_id": str})
        rows = zip(table["external_id"], table["label"], table["snr"], strict=True)
        return cls({key: Source(label, label in positive, float(snr)) for key, label, snr in rows}, positive)

    def __getitem__(self, external_id: str) -> Source:
        return self.sources[external_id]

    def is_real(self, external_ids: Iterable[str]) -> list[bool]:
        return [self.sources[key].is_real for key in external_ids]
