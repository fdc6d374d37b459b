"""How the classify page names the follow-up choices: in full, with an example picture."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.guides.built_in import lesson_of, name_of_class, picture_of
from webapp.guides.field_guide import class_of, examples_of, guide_sections
from webapp.workflows.models import FLAG, Workflow

SIZE = 120
"""Height of an example in pixels."""


def presented_classes(workflow: Workflow) -> dict[str, dict[str, Any]]:
    """Return by follow-up its full name, as the field guide has it, and the address of an example, if there is one."""
    survey = workflow.survey
    labels = {label for labels in workflow.follow_ups.values() for label in labels}
    names = _names(workflow)
    lesson = lesson_of(survey, workflow.kind)
    shown = {
        label: {
            "name": names.get(label) or str(name_of_class(lesson, label)),
            "picture": picture.address if (picture := picture_of(lesson, label)) else "",
        }
        for label in labels
    }
    for label, address in _own_examples(survey, [label for label in labels if not shown[label]["picture"]]).items():
        shown[label]["picture"] = address
    return shown | {FLAG: {"name": _("The picture is broken"), "picture": ""}}


def _names(workflow: Workflow) -> dict[str, str]:
    """Return the names after the classes in the field guide's headings: “CR: cosmic ray”."""
    titles = [section.title for section in guide_sections(workflow)]
    return {class_of(workflow.survey, title): title.partition(":")[2].strip() for title in titles}


def _own_examples(survey: Survey, labels: list[str]) -> dict[str, str]:
    """Return pictures of gold subjects that nobody is asked about."""
    examples = examples_of(survey, labels, None) if labels else {}
    return {
        label: f"{reverse('picture', args=[rows[0].pk, rows[0].checksum])}?frame=0&channel=0&size={SIZE}"
        for label, rows in examples.items()
        if rows
    }
