"""Import report: what was rejected and why, in counts and first examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.utils.functional import Promise

from webapp.imports.models import ClassificationImport
from webapp.imports.record import ONLY_A_PART, Reason, clean

EXAMPLES = 5


@dataclass
class Tally:
    """What an import has come to: rows read, answers and lines that came in, and the rest by reason."""

    done: int = 0
    added: int = 0
    lines: int = 0
    report: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, job: ClassificationImport) -> Self:
        """Begin where an earlier attempt has left off."""
        return cls(job.done, job.added, job.lines, job.report)

    def after(self, rows: int) -> Self:
        """Return a tally of its own for another batch, to be forgotten if the batch is not kept."""
        report = {reason: dict(said) for reason, said in self.report.items()}
        return replace(self, done=self.done + rows, report=report)

    def note(self, reason: Reason, row: int, what: str = "") -> None:
        said = self.report.setdefault(reason.value, {"count": 0, "examples": []})
        said["count"] += 1
        if len(said["examples"]) < EXAMPLES:
            said["examples"] = [*said["examples"], {"row": row, "what": clean(what)}]

    def fields(self) -> dict[str, Any]:
        """Return what the import's row holds."""
        counts = {reason: said["count"] for reason, said in self.report.items() if reason not in ONLY_A_PART}
        known = counts.pop(Reason.KNOWN.value, 0)
        return {
            "done": self.done,
            "added": self.added,
            "lines": self.lines,
            "known": known,
            "skipped": sum(counts.values()),
            "report": self.report,
        }


@dataclass(frozen=True)
class Told:
    """One reason as a person reads it."""

    sentence: str | Promise
    count: int
    examples: list[Mapping[str, Any]]
    came_in: bool


def told(job: ClassificationImport) -> list[Told]:
    """Return why things did not come in, the most frequent reason first."""
    reasons = sorted(job.report.items(), key=lambda item: -item[1]["count"])
    return [
        Told(Reason(name).label, said["count"], said["examples"], Reason(name) in ONLY_A_PART) for name, said in reasons
    ]
