"""Cut the stream of what is read into batches, each of which is kept whole or not at all."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ml.io.records import BadInput
from webapp.archive.ingest.prepare import Candidate
from webapp.archive.ingest.reader import Item

ROWS = 1024
NBYTES = 32 * 1024**2
NEARLY = 0.75

Ends = Callable[[str, int], bool]
"""Whether an array, by its name, ends where a file of the store ends once it has so many subjects more."""


@dataclass(slots=True)
class Batch:
    """What is kept together.

    Attributes
    ----------
    rows, skipped
        How many rows were passed for it, and those among them that the survey had already.
    """

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[BadInput] = field(default_factory=list)
    rows: int = 0
    skipped: int = 0
    nbytes: int = 0

    def add(self, value: Candidate | BadInput | None) -> None:
        if isinstance(value, Candidate):
            self.candidates.append(value)
            self.nbytes += value.nbytes
        elif value is not None:
            self.problems.append(value)

    def fullness(self) -> float:
        """Return how full it is; 1 is full."""
        return max((len(self.candidates) + len(self.problems)) / ROWS, self.nbytes / NBYTES)


def batches(items: Iterable[Item], ends: Ends) -> Iterator[Batch]:
    """Yield batches that end near fullness where a file of the pixel store ends, else at twice their size.

    A file that one batch writes is several times cheaper than one that two batches write.
    """
    batch, counts, seen, skipped = Batch(), Counter[str](), 0, 0
    for item in items:
        batch.add(item.value)
        batch.rows, batch.skipped = item.seen - seen, item.skipped - skipped
        if _complete(batch, item.value, counts, ends):
            yield batch
            batch, counts, seen, skipped = Batch(), Counter(), item.seen, item.skipped
    yield batch


def _complete(batch: Batch, value: Candidate | BadInput | None, counts: Counter[str], ends: Ends) -> bool:
    if not isinstance(value, Candidate):
        return batch.fullness() >= 2
    counts[value.array] += 1
    fullness = batch.fullness()
    return fullness >= 2 or (fullness >= NEARLY and ends(value.array, counts[value.array]))
