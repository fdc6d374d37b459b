"""Feedback on gold subjects: the true class, the reason, and where to look in the picture."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from webapp.archive.models import Kind, Subject
from webapp.archive.pixels import shape_of
from webapp.archive.verdict_blinding import hides_verdict
from webapp.classifications.models import Classification
from webapp.guides.built_in import lesson_of, name_of_class
from webapp.guides.field_guide import explanation
from webapp.synthetics.mover import SYNTHETIC
from webapp.workflows.models import Workflow

RADIUS = 6.0
"""Radius in pixels of the circle around a central object."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """`circle` has the positions in all frames [x, y] in pixels (0 in the centre of the first, row 0 at the bottom)."""

    truth: str
    correct: bool
    gold_label: str
    reason: str
    circle: list[list[float]]
    radius: float


def feedback_on(workflow: Workflow, given: Classification) -> Feedback | None:
    """Return the feedback after an answer to a gold subject; None for other subjects.

    Nor is there any for a scientist who is still to give an independent second opinion on the subject.
    """
    rows = Subject.objects.only("survey", "kind", "gold_label", "gold_source", "metadata", "zarr_array")
    row = rows.get(pk=given.subject_id)
    row.survey = workflow.survey
    truth = row.gold_answer()
    if not truth or (row.gold_source == "ruling" and _is_hidden(given)):
        return None
    drawn = row.metadata.get(SYNTHETIC) or {}
    places, radius = _circle(row, drawn)
    return Feedback(truth, given.answer == truth, row.gold_label, _reason(workflow, row, drawn), places, radius)


def _is_hidden(given: Classification) -> bool:
    user = given.volunteer.user
    return user is not None and Subject.objects.filter(hides_verdict(user, "pk"), pk=given.subject_id).exists()


def _reason(workflow: Workflow, row: Subject, drawn: dict[str, Any]) -> str:
    """Return the class and how it is known or what it looks like, briefly."""
    about = explanation(workflow, row.gold_label)
    source = _source(row, drawn)
    reason = f"{source} {about}".strip() if drawn or not about else about
    name = capfirst(str(name_of_class(lesson_of(row.survey, row.kind), row.gold_label)))
    if row.gold_label in ("yes", "no"):
        return reason
    return _("%(name)s: %(reason)s") % {"name": name, "reason": reason}  # French puts a space before the colon


def _source(row: Subject, drawn: dict[str, Any]) -> str:
    if drawn and drawn.get("rate") is not None:
        numbers = {"snr": f"{drawn['snr']:.0f}", "rate": f"{drawn['rate']:.0f}"}
        return _("Synthetic mover, S/N %(snr)s, %(rate)s arcsec/h.") % numbers
    if drawn:
        return _("Synthetic mover, S/N %(snr)s.") % {"snr": f"{drawn['snr']:.0f}"}
    return _("Ruled by a scientist.") if row.gold_source == "ruling" else _("Labelled by the survey.")


def _circle(row: Subject, drawn: dict[str, Any]) -> tuple[list[list[float]], float]:
    """Return the object's position in each frame: where it was drawn, else the centre of the stamp.

    A cutout or a cube is searched for its object, which may be anywhere, or nowhere: no position.
    """
    if drawn.get("path"):
        return drawn["path"], float(drawn.get("radius", RADIUS))
    if row.kind not in (Kind.STAMP, Kind.TRACKLET):
        return [], RADIUS
    frames, _channels, height, width = shape_of(row)
    middle = [(width - 1) / 2, (height - 1) / 2]
    return [middle] * frames, max(RADIUS, min(height, width) / 8)
