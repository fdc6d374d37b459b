"""Which measurements of its frames a subject has: tables leave out the columns of the others."""

from collections.abc import Iterable

from webapp.archive.models import Frame

MEASUREMENTS = {"mjd": "mjd_mid", "exptime": "exptime", "band": "band", "ra": "ra", "mag": "mag", "snr": "snr"}
"""Field of a frame by the name of its measurement, as surveys call it; a position has both its coordinates or none."""


def filled(frames: Iterable[Frame]) -> set[str]:
    """Return the names of the measurements that at least one of the frames has."""
    rows = list(frames)
    return {name for name, field in MEASUREMENTS.items() if any(getattr(row, field) not in (None, "") for row in rows)}
