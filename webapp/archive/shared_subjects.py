"""Share subjects until a transaction ends: whoever gives one a class, or drops its pixels, waits or passes it over."""

from collections.abc import Iterable

from webapp.core.sql import execute

SHARE = "SELECT FROM archive_subject WHERE id = ANY(%s) ORDER BY id FOR SHARE"


def share(subjects: Iterable[int]) -> None:
    """Share subjects on which the transaction stores rows that rest on them, such as favourites."""
    execute(SHARE, [list(subjects)])
