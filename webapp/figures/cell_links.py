"""Where a figure's bars and cells lead: to lists with the same limits as filters."""

import math
from collections.abc import Iterable
from itertools import pairwise
from urllib.parse import urlencode

from django.urls import reverse

from webapp.figures.nights import Night
from webapp.figures.page_options import PageOptions

Ends = tuple[float, float, bool]
"""The ends of a bin, and whether it includes the upper one, as the last one does."""


def ends_of(edges: Iterable[float]) -> list[Ends]:
    """Return the ends of each bin between some edges."""
    pairs = list(pairwise(map(float, edges)))
    return [(low, high, place == len(pairs) - 1) for place, (low, high) in enumerate(pairs)]


def bar_address(asked: PageOptions, name: str, ends: Ends, *, known: str) -> str:
    """Return the archive's list of a histogram's bar: its population, its limits, and what is known nearby."""
    workflow = asked.workflow
    wanted = {"kind": workflow.kind, "known": known, **limits(name, ends)}
    if asked.population == "movers":
        wanted["gold"] = "settled"
    if asked.population == "candidates":
        wanted["p_real_min"] = repr(asked.threshold)
    return f"{reverse('subjects', args=[workflow.survey.slug])}?{urlencode(wanted)}"


def cell_query(asked: PageOptions, brightness: str, finder: str, ends: Ends, rates: Ends) -> str:
    """Return the filters of the list of injected movers in a cell, from its ends in brightness and in rate."""
    ranges = limits(brightness, ends) | limits("rate", rates)
    return urlencode({"threshold": asked.threshold, "finder": finder, **ranges})


def night_addresses(asked: PageOptions, night: Night) -> dict[str, str]:
    """Return the archive's lists of a night's unknown subjects, false positives and false negatives."""
    workflow = asked.workflow
    of_night = {"kind": workflow.kind, "duplicates": "none", **limits("mjd", (night.begins, night.begins + 1, False))}
    judged = of_night | {"workflow": workflow.slug} | ({"known": "none"} if asked.population == "unknown" else {})
    below = repr(math.nextafter(asked.threshold, -math.inf))
    lists = {
        "unknown": of_night | {"known": "none"},
        "false_positive": judged | {"gold": "bogus", "p_real_min": repr(asked.threshold)},
        "false_negative": judged | {"gold": "real", "p_real_max": below},
    }
    archive = reverse("subjects", args=[workflow.survey.slug])
    return {name: f"{archive}?{urlencode(wanted)}" for name, wanted in lists.items()}


def review_address(asked: PageOptions, night: Night, state: str) -> str:
    """Return the list of a night's subjects in Review that are in one of its states, of the report's population."""
    workflow = asked.workflow
    wanted = {"workflow": workflow.slug, "queue": "all", "state": state, "night": night.date.isoformat()}
    if asked.population == "unknown":
        wanted["known"] = "none"
    return f"{reverse('review', args=[workflow.survey.slug])}?{urlencode(wanted)}"


def limits(name: str, ends: Ends) -> dict[str, str]:
    """Return the filters of a bin. A filter includes both of its ends."""
    low, high, includes_high = ends
    highest = high if includes_high else math.nextafter(high, -math.inf)
    return {f"{name}_min": repr(low), f"{name}_max": repr(highest)}
