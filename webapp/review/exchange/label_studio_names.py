"""What the controls of the labelling configuration are called, out and in; and that configuration."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # only written here, never read

from webapp.review.exchange.panoptes_tasks import FOLLOW_UP_QUESTION, TRAIL, follow_ups_of
from webapp.volunteers.models import Answer, Workflow

PICTURE, PICTURES = "image", "images"
ANSWER, FOLLOW_UP, LINES = "answer", "follow_up", "trail"


def labelling_configuration(workflow: Workflow, frames: int) -> str:
    """Return the XML that Label Studio asks for when a project is set up, for subjects of one frame or more."""
    view = Element("View")
    SubElement(view, "Header", value=workflow.question)
    source = {"valueList": f"${PICTURES}"} if frames > 1 else {"value": f"${PICTURE}"}
    SubElement(view, "Image", {"name": PICTURE, **source})
    _choices(view, ANSWER, [answer.label for answer in Answer], {"required": "true"})
    if follow_ups := follow_ups_of(workflow):
        SubElement(view, "Header", value=FOLLOW_UP_QUESTION)
        _choices(view, FOLLOW_UP, follow_ups, {})
    if workflow.line_marking:
        lines = SubElement(view, "VectorLabels", name=LINES, toName=PICTURE, minPoints="2", maxPoints="2")
        SubElement(lines, "Label", value=TRAIL)
    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def _choices(view: Element, name: str, labels: Iterable[str], options: dict[str, str]) -> None:
    choices = SubElement(view, "Choices", {"name": name, "toName": PICTURE, "choice": "single", **options})
    for label in labels:
        SubElement(choices, "Choice", value=label)
