"""What the demonstration does: its skies, its two arms, and how much of each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ml.simulate.atlas import atlas
from ml.simulate.euclid import euclid

ROUNDS = 5
CROWD = 24
# A simulated sky has far more gold than a survey would: it takes that many to measure what the gate decides.
GOLD_FRACTION = 0.2
UNTOUCHED_FRACTION = 0.35


@dataclass(frozen=True)
class Sky:
    """One simulated survey of the demonstration."""

    slug: str
    name: str
    description: str
    question: str
    kind: str
    simulate: Callable[..., Path] = field(repr=False)
    subjects: int
    votes_per_round: int
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    channels: tuple[str, ...]
    pixel_scale: float
    fine_tune_preset: str = "head"
    fine_tune_minutes: float = 0.6

    @property
    def follow_ups(self) -> dict[str, list[str]]:
        return {
            "yes": [name for name in self.classes if name in self.positive],
            "no": [name for name in self.classes if name not in self.positive],
        }


ATLAS = Sky(
    slug="atlas-simulated",
    name="ATLAS-like night (simulated)",
    description="A simulated night in the manner of ATLAS: four difference images of each candidate mover.",
    question="Is this a real moving object?",
    kind="tracklet",
    simulate=partial(atlas, kind="tracklet"),
    subjects=1400,
    votes_per_round=360,
    classes=("BURN", "CR", "NOISE", "SCAR", "SPIKE", "AST", "STREAK", "COMET"),
    positive=("AST", "STREAK", "COMET"),
    channels=("difference",),
    pixel_scale=1.86,
)
EUCLID = Sky(
    slug="euclid-simulated",
    name="Euclid-like field (simulated)",
    description="A simulated field in the manner of Euclid: three dithers of each source.",
    question="Is there a moving object in the middle?",
    kind="stamp",
    simulate=euclid,
    subjects=1600,
    votes_per_round=360,
    classes=("CR", "GALAXY", "STAR", "SSO"),
    positive=("SSO",),
    channels=("dither 1", "dither 2", "dither 3"),
    pixel_scale=0.1,
)
SKIES = (ATLAS, EUCLID)
