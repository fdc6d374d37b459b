"""Read a manifest for training: blocks of one shape, labels, and a tally of skipped subjects."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples
from ml.data.tracklet_frames import frames_of_record as sightings_of
from ml.evaluation.observing_conditions import Condition, condition_of_record
from ml.io.read_subjects import read_or_refuse
from ml.io.records import BadInput, SubjectRecord
from ml.simulate.atlas.difference import BOGUS, REAL

SLAB = 256  # subjects per block
SHOWN = 20  # number of errors printed in full
REAL_CLASSES = frozenset({*REAL, "SSO"})
BOGUS_CLASSES = frozenset({*BOGUS, "GALAXY", "STAR"})


@dataclass
class Tally:
    """Counts of skipped subjects; the first errors are printed to stderr immediately."""

    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    quiet: bool = False

    def complain(self, what: BadInput | str) -> None:
        """Count one skipped subject and its error."""
        self.skipped += 1
        if self.quiet:
            return
        if self.skipped <= SHOWN:
            sys.stderr.write(f"skipped: {what}\n")
        elif self.skipped == SHOWN + 1:
            sys.stderr.write("skipped: … and more, counted in the result\n")


@dataclass
class Slab:
    """A block of subjects of one shape: pixels (n, F, C, H, W), ids, labels, groups, observing conditions, cells.

    `sightings` (F, 7) are the time and position of each frame (see `ml.data.tracklet_frames`).
    """

    pixels: NDArray[np.generic]
    ids: list[str]
    labels: list[str]
    groups: list[str]
    conditions: list[Condition] = field(default_factory=list)
    sightings: list[NDArray[np.float64]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)

    def take(self, rows: list[int], labels: list[str]) -> "Slab":
        """Return some rows, with the given labels."""
        ids, groups = [self.ids[row] for row in rows], [self.groups[row] for row in rows]
        conditions, cells = [self.conditions[row] for row in rows], [self.cells[row] for row in rows]
        sightings = [self.sightings[row] for row in rows]
        return Slab(self.pixels[rows], ids, labels, groups, conditions, sightings, cells)


def slabs(path: Path, tally: Tally, *, labelled: bool, fewest: int = 1) -> Iterator[Slab]:
    """Yield the usable subjects of a manifest in blocks of one shape, in the order in which blocks are complete.

    Parameters
    ----------
    path
        A manifest, a folder or whatever else `ml.io.read_subjects` reads.
    tally
        Gets every skipped subject.
    labelled
        Skip subjects without a label.
    fewest
        Skip subjects with fewer frames.
    """
    waiting: dict[tuple[object, ...], list[SubjectRecord]] = {}
    for item in read_or_refuse(path):
        if isinstance(item, BadInput):
            tally.complain(item)
            continue
        complaint = _complaint(item, labelled, fewest)
        if complaint is not None:
            tally.complain(complaint)
            continue
        first = item.frames[0].pixels
        same = waiting.setdefault((len(item.frames), first.shape, first.dtype.str), [])
        same.append(item)
        if len(same) == SLAB:
            yield _slab(same)
            same.clear()
    for rest in waiting.values():
        if rest:
            yield _slab(rest)


def positive_of(classes: Sequence[str], named: str | None) -> tuple[str, ...]:
    """Return the real ones among `classes`: those in "A,B", else the simulated skies' and the usual words for yes.

    Raises BadExamples if a named class does not exist, no class is known to be real, or a class is unknown while others
    are known to be real and bogus: it may be mistyped.
    """
    if named:
        positive = tuple(name.strip() for name in named.split(",") if name.strip())
        unknown = [name for name in positive if name not in classes]
        if unknown:
            raise BadExamples(f"--positive names {unknown[0]!r}, which is not one of the classes {', '.join(classes)}.")
        return positive
    positive = tuple(name for name in classes if name in REAL_CLASSES or name.lower() in REAL_WORDS)
    if not positive:
        raise BadExamples(
            f"None of the classes {', '.join(classes)} is known to be real. Name them with --positive A,B."
        )
    bogus = [name for name in classes if name in BOGUS_CLASSES or name.lower() in BOGUS_WORDS]
    strange = [name for name in classes if name not in positive and name not in bogus]
    if bogus and strange:
        raise BadExamples(
            f"Is {', '.join(strange)} real or bogus? Correct the label if it is mistyped, or name the real ones with"
            f" --positive {','.join(positive)},…: all others then count as bogus."
        )
    return positive


def _complaint(item: SubjectRecord, labelled: bool, fewest: int) -> str | None:
    if len(item.frames) < fewest:
        return f"{item.source} row {item.row}: has {len(item.frames)} frame(s), and a tracklet has {fewest} or more"
    if labelled and not item.label:
        return f"{item.source} row {item.row}: has no label"
    if not any(np.isfinite(frame.pixels).any() for frame in item.frames):
        return f"{item.source} row {item.row}: no pixel of {item.external_id} holds a number (all are NaN)"
    return None


def _slab(records: list[SubjectRecord]) -> Slab:
    stacked = np.stack([frame.pixels for record in records for frame in record.frames])
    return Slab(
        stacked.reshape(len(records), -1, *stacked.shape[1:]),
        [record.external_id for record in records],
        [record.label for record in records],
        [record.object_group or record.external_id for record in records],
        [condition_of_record(record) for record in records],
        [sightings_of(record) for record in records],
        [record.metadata for record in records],
    )
