"""Why the detections of a subject may not be of one object, in plain sentences."""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ml.sky.one_object import leap, two_places
from webapp.figures.track import Track
from webapp.reports.remarks import LEAST_CHANCE


def doubts(track: Track) -> Iterator[str]:
    """Yield what speaks against one mover in a track; nothing for one of a single time."""
    if not track.has_times:
        return
    rows = track.is_known.nonzero()[0]
    names = [track.frames[row].position + 1 for row in rows.tolist()]
    pair = two_places(track.mjd[rows], track.directions[rows], track.error[rows])
    step = leap(track.mjd[rows], track.directions[rows])
    if pair:
        said = _("Frames %(one)s and %(other)s have one time but different places, so they can't be one mover.")
        yield said % {"one": names[pair[0]], "other": names[pair[1]]}
    if step:
        said = _("Frames %(one)s and %(other)s lie %(degrees)s° apart, %(rate)s° a day: too fast for one object.")
        one, other = (names[row] for row in step.rows)
        numbers = {"degrees": number_format(step.degrees, 1), "rate": number_format(step.rate, 0)}
        yield said % {"one": one, "other": other, **numbers}
    if not track.is_fitted:
        yield _("A detection lies 90° or more from the middle of all, so no motion is fitted.")
    elif not (pair or step) and track.chance is not None and track.chance < LEAST_CHANCE:
        yield _("The detections do not move uniformly: χ² is far too large for chance. Are all of them of one object?")
