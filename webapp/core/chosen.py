"""The choice among a page's tabs that an address names."""

from collections.abc import Iterable

from django.core.exceptions import BadRequest
from django.http import QueryDict

from ml.io.message import Message


def chosen(query: QueryDict, name: str, choices: Iterable[str], *, usual: str) -> str:
    """Return what the query has by a name, or else the usual choice.

    Raises BadRequest, which names the choices, for any other: the page would answer another question than was asked.
    """
    asked, known = query.get(name) or usual, list(choices)
    if asked not in known:
        values = {"asked": asked[:40], "name": name, "known": ", ".join(known)}
        raise BadRequest(Message("There is no choice “%(asked)s” for %(name)s. Choices: %(known)s.", **values))
    return asked
