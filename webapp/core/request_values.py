"""Values in a request: keys of rows, and the choice among a page's tabs."""

from collections.abc import Iterable

from django.core.exceptions import BadRequest
from django.http import QueryDict

from ml.io.message import Message

MOST_DIGITS = 18
"""Of a key: any number of so many digits fits the database's keys."""


def whole_number(text: str) -> int | None:
    """Read a row's key, or another whole number from 0 on; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def whole_numbers(texts: Iterable[str]) -> list[int]:
    """Read those of the texts that are whole numbers."""
    return [number for number in map(whole_number, texts) if number is not None]


def chosen(query: QueryDict, name: str, choices: Iterable[str], *, usual: str) -> str:
    """Return what the query has by a name, or else the usual choice.

    Raises BadRequest, which names the choices, for any other: the page would answer another question than was asked.
    """
    asked, known = query.get(name) or usual, list(choices)
    if asked not in known:
        values = {"asked": asked[:40], "name": name, "known": ", ".join(known)}
        raise BadRequest(Message("There is no choice “%(asked)s” for %(name)s. Choices: %(known)s.", **values))
    return asked
