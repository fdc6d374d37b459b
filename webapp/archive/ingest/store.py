"""Store batches of records, each in one transaction: pixels, rows, counters and errors of the run."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from django.db import transaction

from ml.io.message import after
from ml.io.records import BadInput
from webapp.archive.ingest.copy_rows import exposures, join_set, put_into_set, write_frames, write_subjects
from webapp.archive.ingest.dedupe import originals, other_pixels, stored_checksums, unknown
from webapp.archive.ingest.pixel_writer import PixelWriter, new_keys
from webapp.archive.ingest.prepare import Candidate, gold_label
from webapp.archive.ingest.reader import Item
from webapp.archive.ingest.row_warnings import warning_of
from webapp.archive.ingest.synthetic_names import free_names
from webapp.archive.models import IngestProblem, IngestRun, SubjectSet, Survey
from webapp.archive.models.ingest_run import MOST_PROBLEMS


@dataclass(frozen=True, slots=True)
class Tally:
    """The counters of a run's row.

    Attributes
    ----------
    done
        Rows passed.
    added, duplicates
        Subjects stored, and the duplicates among them.
    known
        Rows whose external id is already in the survey, or in an earlier row.
    joined
        Known subjects that were added to the run's set.
    bad
        Bad rows.
    again
        Rows added by an earlier attempt at this run that this one has not met yet; they must not be reported as known.
    """

    done: int = 0
    added: int = 0
    known: int = 0
    joined: int = 0
    duplicates: int = 0
    bad: int = 0
    again: int = 0

    @classmethod
    def of(cls, run: IngestRun) -> Self:
        """Start an attempt: keep earlier attempts' counts of stored rows, and count everything else again."""
        kept = {"added": run.added, "duplicates": run.duplicates, "joined": run.joined, "again": run.added}
        return cls() if run.dry_run else cls(**kept)

    def after(self, batch: "Batch", *, added: int, duplicates: int, joined: int, changed: int) -> Self:
        """Return the tally after another batch.

        Its parameters are how many were new, duplicates among them, known and added to the set, or had other pixels.
        """
        known = len(batch.known) + len(batch.candidates) - added - changed
        expected = min(self.again, known)
        return replace(
            self,
            done=self.done + batch.rows,
            added=self.added + added,
            known=self.known + known - expected,
            joined=self.joined + joined,
            duplicates=self.duplicates + duplicates,
            bad=self.bad + len(batch.problems) + changed,
            again=self.again - expected,
        )

    def fields(self) -> dict[str, int]:
        """Return the fields of the run's row."""
        names = ("done", "added", "known", "joined", "duplicates", "bad")
        return {name: getattr(self, name) for name in names}


def report(run: IngestRun, problems: list[BadInput], fresh: list[Candidate]) -> None:
    """Store a run's first problems, and first warnings about new subjects, `MOST_PROBLEMS` of each at most.

    Ones from an earlier attempt stay as they are.
    """
    _store_problems(run, problems, is_warning=False)
    _store_problems(run, [bad for one in fresh if (bad := warning_of(one.record))], is_warning=True)


def _store_problems(run: IngestRun, problems: list[BadInput], *, is_warning: bool) -> None:
    left = MOST_PROBLEMS - run.problems.filter(is_warning=is_warning).count() if problems else 0
    IngestProblem.objects.bulk_create(
        [
            IngestProblem(
                run=run,
                file=_text(bad.file),
                row=bad.row,
                reason=after(bad.image, bad.reason),
                is_warning=is_warning,
            )
            for bad in problems[: max(0, left)]
        ],
        ignore_conflicts=True,
    )


def _text(text: str) -> str:
    """Make text valid for PostgreSQL: a file name may contain NUL, or bytes that are not UTF-8."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode()


ROWS = 1024
NBYTES = 32 * 1024**2
NEARLY = 0.75

Ends = Callable[[str, int], bool]
"""Return whether an array, by name, would end at a file boundary of the store after this many more subjects."""


@dataclass(slots=True)
class Batch:
    """Candidates that are stored together.

    Attributes
    ----------
    known
        External ids of subjects that the survey had before the run.
    rows
        Rows read for this batch, the known ones among them.
    """

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[BadInput] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    rows: int = 0
    nbytes: int = 0

    def add(self, value: Candidate | BadInput | str | None) -> None:
        if isinstance(value, Candidate):
            self.candidates.append(value)
            self.nbytes += value.nbytes
        elif isinstance(value, str):
            self.known.append(value)
        elif value is not None:
            self.problems.append(value)

    def checked_again(self, classes: list[str]) -> Self:
        """Return it with a problem for each gold label whose class was removed after it had been read."""
        kept, problems = [], []
        for one in self.candidates:
            try:
                gold_label(one.record, classes)
                kept.append(one)
            except BadInput as bad:
                problems.append(bad.at(file=one.record.source, row=one.record.row))
        return replace(self, candidates=kept, problems=[*self.problems, *problems])

    def fullness(self) -> float:
        """Return the fill level; 1 is full."""
        return max((len(self.candidates) + len(self.problems) + len(self.known)) / ROWS, self.nbytes / NBYTES)

    def known_names(self, checksums: Mapping[str, str]) -> list[str]:
        """Return the names of its subjects that are stored, with the same pixels by their `checksums` if read."""
        read = ((one.record.external_id, one.checksum) for one in self.candidates)
        return [*self.known, *(name for name, checksum in read if checksums.get(name) == checksum)]


def batches(items: Iterable[Item], ends: Ends) -> Iterator[Batch]:
    """Yield batches that end, when nearly full, at a file boundary of the pixel store, else at twice their size.

    A file written by one batch is several times cheaper than one written by two.
    """
    batch, counts, seen = Batch(), Counter[str](), 0
    for item in items:
        batch.add(item.value)
        batch.rows = item.seen - seen
        if _complete(batch, item.value, counts, ends):
            yield batch
            batch, counts, seen = Batch(), Counter(), item.seen
    yield batch


def _complete(batch: Batch, value: Candidate | BadInput | str | None, counts: Counter[str], ends: Ends) -> bool:
    if not isinstance(value, Candidate):
        return batch.fullness() >= 2
    counts[value.array] += 1
    fullness = batch.fullness()
    return fullness >= 2 or (fullness >= NEARLY and ends(value.array, counts[value.array]))


@transaction.atomic
def store_batch(run: IngestRun, batch: Batch, tally: Tally, writer: PixelWriter) -> Tally:
    """Store a batch and return the run's tally.

    The survey's row is locked until the commit: two ingests into one survey take turns, batch by batch, and never see
    each other's uncommitted pixels.

    Raises LeaseLost or Cancelled: the run belongs to another worker, or was cancelled. Nothing of the batch is stored.
    """
    survey = Survey.objects.select_for_update(no_key=True).get(pk=run.survey_id)
    batch = batch.checked_again(survey.classes)
    fresh = unknown(survey, batch.candidates)
    free_names(survey, [one.record.external_id for one in fresh])
    duplicates = add(survey, run.subject_set, fresh, writer, new_keys(len(fresh))) if fresh else 0
    is_all_new = len(fresh) == len(batch.candidates)
    checksums = {} if is_all_new else stored_checksums(survey, batch.candidates)
    changed = other_pixels(batch.candidates, checksums)
    names = batch.known_names(checksums)
    joined = join_set(set_of(survey, run.subject_set), names) if names else 0
    report(run, [*batch.problems, *changed], fresh)
    now = tally.after(batch, added=len(fresh), duplicates=duplicates, joined=joined, changed=len(changed))
    run.renew(total=run.total, **now.fields())
    return now


def add(survey: Survey, set_name: str, fresh: list[Candidate], writer: PixelWriter, keys: list[int]) -> int:
    """Insert new subjects with these primary keys; return the number of duplicates. Lock the survey's row first."""
    _describe(survey, fresh)
    first = originals(survey, fresh)
    before = len(first)
    write_subjects(survey, fresh, writer.put(fresh), first, keys)
    write_frames(fresh, keys, exposures(survey, fresh))
    put_into_set(set_of(survey, set_name), keys)
    return len(fresh) - (len(first) - before)


def set_of(survey: Survey, name: str) -> SubjectSet:
    """Return the survey's set of that name, made if needed."""
    return SubjectSet.objects.get_or_create(survey=survey, name=name)[0]


def _describe(survey: Survey, fresh: list[Candidate]) -> None:
    """Store what packets say of all images, their channels and pixel scale, where nobody has set it in the settings."""
    record = next((each.record for each in fresh if each.record.channels), None)
    if record is None:
        return
    said = {"channels": list(record.channels), "pixel_scale": record.pixel_scale}
    new = {name: value for name, value in said.items() if value and not getattr(survey, name)}
    if new:
        Survey.objects.filter(pk=survey.pk).update(**new)
