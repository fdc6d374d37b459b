"""Which classes a training mover may be of."""

from webapp.archive.models import Survey


def mover_classes(survey: Survey) -> list[str]:
    """Return the survey's real classes, or yes where it names none."""
    return [name for name in survey.classes if name in survey.positive] or ["yes"]
