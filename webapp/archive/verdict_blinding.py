"""Independent second opinions, for rooms below the desk: what would tell a first verdict is left out.

The desk knows which verdicts are hidden from whom, and says so once, at start-up.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

HiddenFrom = Callable[[Any], QuerySet[Any]]
"""Returns the verdicts, rows with a `subject`, that a user is to judge without."""

_rules: list[HiddenFrom] = []


def hide_verdicts_by(rule: HiddenFrom) -> None:
    _rules.append(rule)


def hides_verdict(reader: Any, subject: str = "subject") -> Q:
    """Return, for a query, whether the verdict on a row's subject is hidden from a user.

    Parameters
    ----------
    subject
        The rows' column of their subject.
    """
    hidden = (Q(Exists(hidden_from(reader).filter(subject=OuterRef(subject)))) for hidden_from in _rules)
    return reduce(or_, hidden, Q(pk__in=[]))
