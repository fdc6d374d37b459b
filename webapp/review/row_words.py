"""The words of a row of the desk: what it says of its subject, of the volunteers, of the model and of known objects."""

from collections.abc import Sequence
from typing import Any

from django.template.defaultfilters import floatformat
from django.utils.translation import npgettext

from ml.imaging.png import strip_width
from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.archive.sorted_values import sorted_value
from webapp.archive.templatetags.viewer import motion_page
from webapp.consensus.models import AggregatedPosterior, Consensus
from webapp.consensus.templatetags.consensus_tags import counted, in_percent
from webapp.known_objects.models import KnownMatch

HEIGHT = 256
"""Of the picture of all frames and channels, in pixels. A row says how wide it is, so that its place is kept free."""


def words_of(rows: Sequence[Consensus], models: dict[int, int]) -> dict[int, dict[str, str]]:
    """Return the words of some rows by the keys of their subjects, empty where there is nothing to say, in one query.

    `models` are the keys of the models that gave the scores, by subject.
    """
    near = _near([row.subject_id for row in rows])
    return {
        row.subject_id: _subject(row.subject) | _sums(row, models.get(row.subject_id)) | _known(near[row.subject_id])
        for row in rows
    }


def reanalysis_words(row: AggregatedPosterior) -> dict[str, str]:
    return _subject(row.subject) | _probability("posterior", row.posterior) | _probability("live", row.live)


def _subject(subject: Subject) -> dict[str, str]:
    rate = "rate" if subject.rate is not None else "fitted_rate"
    return {
        "name": str(subject),
        "checksum": subject.checksum,
        "width": str(strip_width(shape_of(subject), HEIGHT)),
        "has_pixels": "" if subject.pixels_dropped_at else "1",
        "time": _fact("mjd", subject.mjd),
        "magnitude": _fact("mag", subject.mag),
        "rate": _fact(rate, getattr(subject, rate)),
        "motion": str(motion_page(subject)),
    }


def _fact(name: str, value: float | None) -> str:
    return "" if value is None else sorted_value(name, value)


def _sums(row: Consensus, model: int | None) -> dict[str, str]:
    votes = row.votes_by_answer
    return {
        "votes": counted(votes) if any(votes.values()) else "",
        "model": "" if model is None else str(model),
        **_probability("posterior", row.posterior),
        **_probability("p_model", row.p_model),
        **_probability("p_before", row.p_before),
    }


def _probability(name: str, value: float | None) -> dict[str, str]:
    """Return it with three digits, and in percent for its bar."""
    shown = ("", "") if value is None else (floatformat(value, 3), in_percent(value))
    return dict(zip((name, f"{name}_bar"), shown, strict=True))


def _near(subjects: list[int]) -> dict[int, list[KnownMatch]]:
    """Return the known objects near some subjects, the nearest first, without those that were ruled out."""
    near: dict[int, list[Any]] = {key: [] for key in subjects}
    for match in KnownMatch.objects.filter(subject__in=subjects, is_ruled_out=False).order_by("separation"):
        near[match.subject_id].append(match)
    return near


def _known(near: list[KnownMatch]) -> dict[str, str]:
    if not near:
        return {"known": "", "separation": "", "more": ""}
    n = len(near) - 1
    more = npgettext("known objects", "and %(n)s more", "and %(n)s more", n) % {"n": n} if n else ""
    return {"known": near[0].designation, "separation": floatformat(near[0].separation, 1), "more": more}
