"""Counters of an ingest run."""

from dataclasses import dataclass, replace
from typing import Self

from webapp.archive.models import IngestRun


@dataclass(frozen=True, slots=True)
class Tally:
    """The counters of a run, as its row shows them.

    Attributes
    ----------
    done
        Rows passed.
    added, duplicates
        Subjects kept; those among them whose pixels an earlier subject has.
    known
        Rows whose external id the survey, or an earlier row, had already.
    bad
        Rows that could not be used.
    again
        Rows that an earlier attempt at this run added, and that this one has yet to meet: they are known for a
        reason that interests nobody.
    """

    done: int = 0
    added: int = 0
    known: int = 0
    duplicates: int = 0
    bad: int = 0
    again: int = 0

    @classmethod
    def of(cls, run: IngestRun) -> Self:
        """Begin an attempt: what earlier ones added stays counted, and everything else is met again."""
        return cls() if run.dry_run else cls(added=run.added, duplicates=run.duplicates, again=run.added)

    def plus(self, *, done: int, added: int, known: int, duplicates: int, bad: int) -> Self:
        """Return the tally after another batch."""
        expected = min(self.again, known)
        return replace(
            self,
            done=self.done + done,
            added=self.added + added,
            known=self.known + known - expected,
            duplicates=self.duplicates + duplicates,
            bad=self.bad + bad,
            again=self.again - expected,
        )

    def fields(self) -> dict[str, int]:
        """Return what the run's row holds."""
        names = ("done", "added", "known", "duplicates", "bad")
        return {name: getattr(self, name) for name in names}
