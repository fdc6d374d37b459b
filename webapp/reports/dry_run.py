"""Dry run: the files that a draft would become, line by line, each with what is wrong with it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ml.sky.ades import psv_first_row, read_psv, read_xml, write_psv, write_xml
from ml.sky.ades_record import place_of
from ml.sky.ades_rules import Problem
from ml.sky.obs80 import read_obs80, write_obs80
from webapp.reports.contents import Contents

FORMATS = {"psv": "ADES PSV", "xml": "ADES XML", "obs80": "obs80"}


@dataclass(frozen=True)
class Line:
    """A line of a file, and what is wrong with it."""

    number: int
    text: str
    problems: list[Problem]


@dataclass(frozen=True)
class Finding:
    """What is wrong, once for all lines: how many these are, and the first one's number.

    No lines if it is about the report as a whole, and no number if there is no file to show.
    """

    message: str
    blocks: bool
    lines: int
    first: int | None


@dataclass(frozen=True)
class DryFile:
    """A file as it would be, what is wrong with its format alone (empty if nothing is), and with the report."""

    lines: list[Line]
    problem: str
    findings: list[Finding]

    @property
    def blocking(self) -> list[Finding]:
        return [each for each in self.findings if each.blocks]

    @property
    def remarks(self) -> list[Finding]:
        return [each for each in self.findings if not each.blocks]


def dry_file(contents: Contents, kind: str) -> DryFile:
    """Return a draft's file in one of the formats. It has no lines if the format cannot hold the draft."""
    text = contents.files()[kind]
    if not text:
        return DryFile([], _unfit(), _findings(contents.problems, None))
    placed = PLACES[kind](contents, text)
    by_line: dict[int, list[Problem]] = defaultdict(list)
    for problem in contents.problems:
        if problem.row is not None:
            by_line[placed[problem.row]].append(problem)
    lines = [Line(number, line, by_line[number]) for number, line in enumerate(text.splitlines(), 1)]
    is_garbled = contents.is_ready and not _reads_back(kind, text, len(contents.rows))
    return DryFile(lines, _garbled() if is_garbled else "", _findings(contents.problems, placed))


def _findings(problems: list[Problem], placed: list[int] | None) -> list[Finding]:
    """Return what is wrong, each sentence once."""
    rows: dict[tuple[str, bool], list[int]] = {}
    for problem in problems:
        own = rows.setdefault((problem.message, problem.blocks), [])
        own += [] if problem.row is None else [problem.row]
    return [Finding(*key, len(own), placed[min(own)] if placed and own else None) for key, own in rows.items()]


def _unfit() -> str:
    return _(
        "These positions do not fit into 80 columns: a name has more than 7 characters, the observatory's code is not"
        " of three, or a spacecraft is too far away. The other formats hold them."
    )


def _garbled() -> str:
    return _("Read again, the file does not say the same. Do not send it; tell an admin of the site.")


def _places_in_psv(contents: Contents, text: str) -> list[int]:
    first = psv_first_row(contents.block)
    return [first + row for row in range(len(contents.rows))]


def _places_in_xml(contents: Contents, text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "<optical>"]


def _places_in_obs80(contents: Contents, text: str) -> list[int]:
    """Return the lines of positions, of which a spacecraft's have a second one; they end the file."""
    lengths = [1 if place_of(record) is None else 2 for record in contents.block.observations]
    place = len(text.splitlines()) - sum(lengths) + 1
    places = []
    for length in lengths:
        places.append(place)
        place += length
    return places


PLACES: dict[str, Callable[[Contents, str], list[int]]] = {
    "psv": _places_in_psv,
    "xml": _places_in_xml,
    "obs80": _places_in_obs80,
}


def _reads_back(kind: str, text: str, positions: int) -> bool:
    """Return whether the file, read and written again, is the same."""
    if kind == "psv":
        return "".join(map(write_psv, read_psv(text))) == text
    if kind == "xml":
        return write_xml(read_xml(text.encode())).decode() == text
    found, _header = read_obs80(text)
    return len(found) == positions and text.endswith(write_obs80(found))
