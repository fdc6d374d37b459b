"""How well a survey measures positions: by its settings, or else by what is assumed."""

from ml.sky.motion import FLOOR, SEEING
from webapp.archive.models import Survey

SEEING_PIXELS = 2.5
"""FWHM of a star in pixels, assumed where a survey gives no seeing: most cameras sample it by two or three."""


def usual_errors(survey: Survey) -> dict[str, float]:
    """Return the survey's `seeing` and `floor`, the least error of a position, arcsec; assumed ones if it gives none.

    They make errors of positions by `ml.sky.motion.position_errors`, where a detection has none of its own.
    """
    if survey.seeing and survey.position_floor:
        return {"seeing": survey.seeing, "floor": survey.position_floor}
    return {"seeing": round(SEEING_PIXELS * survey.pixel_scale, 3) if survey.pixel_scale else SEEING, "floor": FLOOR}
