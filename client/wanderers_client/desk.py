"""A scientist's writes: withdrawn verdicts, second opinions, cases, and reports to the Minor Planet Center."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from wanderers_client.connection import Part

MOST_AT_ONCE = 500
Row = TypeVar("Row")


class Desk(Part):
    """Verdicts are given with `Wanderers.rule`."""

    def withdraw(self, workflow: str, subjects: Iterable[int]) -> int:
        """Withdraw your own verdicts and second opinions, each 500 all or none; return how many subjects changed."""
        return self._change("rulings/bulk-withdraw/", subjects, workflow=workflow)

    def undo(self, workflow: str, subjects: Iterable[int]) -> int:
        """Undo your newest verdicts or second opinions: what they replaced stands again; return how many changed."""
        return self._change("rulings/bulk-undo/", subjects, workflow=workflow)

    def ask_second_opinion(self, ruling: int, *, wanted: bool = True) -> dict[str, Any]:
        """Ask for an independent second opinion on a ruling in force, or no longer; return the ruling."""
        address = f"rulings/{ruling}/second-opinion/"
        return self._site.ask("POST", address, json={"wanted": wanted})

    def change(self, workflow: str, subjects: Iterable[int], action: str, text: str = "") -> int:
        """Hold, release, assign, unassign, tag, untag or note, each 500 all or none; return how many subjects changed.

        `text` is the tag, the note or the user name.
        """
        return self._change("cases/bulk/", subjects, workflow=workflow, action=action, text=text)

    def history(self, workflow: str, subject: int) -> pd.DataFrame:
        """Return who did what with a subject and when, newest first: verdicts, opinions, holds, tags and notes."""
        told = self._site.listed(f"subjects/{subject}/history/", workflow=workflow)
        return self._site.tabled("subjects/{subject}/history/", told)

    def make_set(self, survey: str, tag: str, *, people: int = 1) -> dict[str, Any]:
        """Put the subjects with a tag of at least so many people into a subject set; return its name and size."""
        return self._site.ask("POST", f"surveys/{survey}/tags/", json={"name": tag, "people": people})

    def report_candidates(self, survey: str, *, most: int | None = None, **filters: Any) -> pd.DataFrame:
        """Return the tracklets that a report may hold: confirmed, near no known object, in no report yet."""
        return self._site.table("report-candidates", most=most, survey=survey, **filters)

    def draft_report(self, survey: str, subjects: Iterable[int]) -> dict[str, Any]:
        """Draft a report of confirmed tracklets; it is signed off on its page."""
        told = {"survey": survey, "subjects": list(map(int, subjects))}
        return self._site.ask("POST", "reports/", json=told)

    def check_report(self, report: int) -> dict[str, Any]:
        """Return a draft's PSV as it would be, and its problems."""
        return self._site.ask("GET", f"reports/{report}/dry-run/")

    def report(self, report: int, path: Path) -> Path:
        """Download a signed report, as the ending of `path` says: .psv, .xml, or .obs80 or .txt for 80 columns."""
        kind = ".obs80" if path.suffix == ".txt" else path.suffix
        return self._site.download(f"reports/{report}/report{kind}/", path)

    def delete_report(self, report: int) -> None:
        """Delete a draft."""
        self._site.send("DELETE", f"reports/{report}/")

    def _change(self, address: str, subjects: Iterable[int], **told: Any) -> int:
        replies = (
            self._site.ask("POST", address, json={"subjects": some, **told}) for some in batches(map(int, subjects))
        )
        return sum(reply["changed"] for reply in replies)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in lists of as many as the site takes at once."""
    waiting = iter(rows)
    while some := list(islice(waiting, MOST_AT_ONCE)):
        yield some
