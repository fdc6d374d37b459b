"""The parts of a paper's page: skies, rows, steps and figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One number of a row.

    Attributes
    ----------
    name
        As the page says it.
    at
        Its path in the steps' output: step, then keys, separated by slashes ("evaluate/roc_auc"). Its interval is
        looked up in "evaluate/intervals" under the last key, or is the half width beside a mean. A step that ends in
        an asterisk ("evaluate */roc_auc") stands for all whose names begin so: the mean over them, with Student's 95 %
        interval for the mean.
    paper
        The paper's value, if it has one.
    least
        Our target, if any.
    """

    name: str
    at: str
    paper: float | None = None
    least: float | None = None


@dataclass(frozen=True)
class Step:
    """A command of `python -m ml` or another module, possibly with `{sky}` and `{out}`.

    `name` distinguishes repeated commands.
    """

    words: str
    name: str = ""
    module: str = "ml"

    @property
    def key(self) -> str:
        """Return the step's name, by default its command."""
        return self.name or self.words.split()[0]


@dataclass(frozen=True)
class Row:
    """One model on one sky. `key` names its results file; `note` says what readers must know to compare."""

    key: str
    says: str
    steps: tuple[Step, ...]
    figures: tuple[Figure, ...]
    note: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper's part of the page.

    Attributes
    ----------
    title, source
        Heading and reference.
    difficulty
        Description of the simulated skies, settings only, since their statistics are measured.
    skies
        Name to the arguments of `python -m ml simulate`, without --out.
    rows
        In the order of the page.
    """

    title: str
    source: str
    difficulty: str
    skies: Mapping[str, str]
    rows: tuple[Row, ...] = field(default=())
