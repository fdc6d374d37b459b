"""Rows of long lists from one rendering for each shape, with gaps for the words of each row.

A template of fifty tags takes half a millisecond for each row. Rows whose words are there or missing alike differ in
these words only, so a page renders one of them, and fills in the others.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

PLACE = 987_654_321_012_345
"""A key that no row has, where each row's own key goes."""

_GAP = re.compile(rf"{PLACE}_(\w+?)_{PLACE}|{PLACE}")


class Stencils:
    """The stencils of one page."""

    def __init__(self) -> None:
        self._parts: dict[Any, list[Any]] = {}

    def fill(self, render: Callable[[dict[str, str]], str], of: Any, key: int, words: Mapping[str, str]) -> SafeString:
        """Return a row's HTML.

        Parameters
        ----------
        render
            Renders the row's template with gaps in place of its words, and `PLACE` in place of its key. An empty word
            stays empty, so that the template can ask whether it is there; it can ask for nothing else.
        of
            All that the template depends on, and that rows of the page do not share.
        key, words
            The row's own key and words, escaped here unless they are marked as safe.
        """
        missing = tuple(name for name, word in words.items() if not word)
        parts = self._parts.get((of, missing))
        if parts is None:
            text = render({name: f"{PLACE}_{name}_{PLACE}" if word else "" for name, word in words.items()})
            parts = self._parts[of, missing] = _GAP.split(text)
        filled = list(parts)
        filled[1::2] = [str(key) if name is None else conditional_escape(words[name]) for name in parts[1::2]]
        return mark_safe("".join(filled))  # noqa: S308  # the template's text, and escaped words
