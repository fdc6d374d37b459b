"""Why the detections of a subject may not be of one object, in plain sentences."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from ml.sky.one_object import two_places
from webapp.figures.track import Track


def doubts(track: Track) -> Iterator[str]:
    """Yield what speaks against one mover in a fitted track; nothing for others."""
    if not track.is_fitted:
        return
    rows = track.is_known.nonzero()[0]
    names = [track.frames[row].position + 1 for row in rows.tolist()]
    if pair := two_places(track.mjd[rows], track.directions[rows], track.error[rows]):
        said = _("Frames %(one)s and %(other)s have one time but different places, so they can't be one mover.")
        yield said % {"one": names[pair[0]], "other": names[pair[1]]}
