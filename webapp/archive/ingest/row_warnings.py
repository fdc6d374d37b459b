"""What is doubtful about a record that is ingested all the same."""

import numpy as np

from ml.io.records import BadInput, SubjectRecord
from ml.sky.detections import ONE_EXPOSURE
from ml.sky.motion import FLOOR, SEEING, position_errors
from ml.sky.one_object import leap, two_places
from ml.sky.tangent_plane import unit_vectors
from webapp.archive.models import Kind

MEASURED = ("mjd_mid", "ra", "dec", "rms_ra", "rms_dec", "rms_corr", "snr")


def warning_of(record: SubjectRecord) -> BadInput | None:
    """Return a warning if a header's time is none, or if a tracklet's detections are not of one mover."""
    warning = _lost_time(record) or (_doubtful_motion(record) if record.kind == Kind.TRACKLET else None)
    return warning.at(file=record.source, row=record.row) if warning else None


def _lost_time(record: SubjectRecord) -> BadInput | None:
    why = next((frame.mjd_keyword for frame in record.frames if frame.mjd_mid is None and frame.mjd_keyword), "")
    if not why:
        return None
    return BadInput(
        "is ingested without a time: %(why)s. Mend its header, or give the time in a manifest’s column mjd, and ingest"
        " it under another name.",
        why=why,
    )


def _doubtful_motion(record: SubjectRecord) -> BadInput | None:
    """Return a warning of one time, of two places at one time, or of a leap, in frames with a time and a position."""
    table = np.array([[getattr(frame, name) for name in MEASURED] for frame in record.frames], np.float64)
    frames = np.flatnonzero(np.isfinite(table[:, :3]).all(1))
    if len(frames) < 2:
        return None
    mjd, ra, dec, *measured = table[frames].T
    if np.ptp(mjd) <= ONE_EXPOSURE:
        return BadInput("is ingested, but all its frames have one time, so it has no motion. Check mjd.")
    places = unit_vectors(ra, dec)
    rms_ra, rms_dec, _corr = position_errors(*measured, seeing=SEEING, floor=FLOOR)
    if pair := two_places(mjd, places, np.hypot(rms_ra, rms_dec) / np.sqrt(2)):
        return BadInput(
            "is ingested, but its frames %(one)s and %(other)s have one time and different places. Check mjd, ra and"
            " dec.",
            one=int(frames[pair[0]]) + 1,
            other=int(frames[pair[1]]) + 1,
        )
    if step := leap(mjd, places):
        return BadInput(
            "is ingested, but its frames %(one)s and %(other)s lie %(degrees)s° apart, %(rate)s° a day: too fast for"
            " one object. Check mjd, ra and dec.",
            one=int(frames[step.rows[0]]) + 1,
            other=int(frames[step.rows[1]]) + 1,
            degrees=f"{step.degrees:,.1f}",
            rate=f"{step.rate:,.0f}",
        )
    return None
