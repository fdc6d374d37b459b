"""Field guide of a survey: a section for each class, with examples; and the names of classes on the classify page."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Exists
from django.urls import reverse
from django.utils.translation import gettext as _

from webapp.archive.models import Subject, Survey
from webapp.archive.verdict_blinding import hides_verdict
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.markdown import Section, sections
from webapp.guides.built_in import built_in_classes, lesson_of, name_of_class, picture_of
from webapp.guides.guide_texts import current_text, reader_language
from webapp.guides.models import GuideKind
from webapp.queue.entries import waiting_for
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import FLAG, Workflow

MOST = 6


def examples_of(survey: Survey, labels: Iterable[str], reader: Volunteer | None) -> dict[str, list[Subject]]:
    """Return up to `MOST` real examples of each class.

    Never one that the reader may still be asked about, for training, as a scientist or otherwise, which would reveal
    its answer. Gold in a set that no workflow uses can always be shown.
    """
    gold = Subject.objects.gold().observed().originals().filter(survey=survey).exclude(Exists(waiting_for(reader)))
    if reader and reader.user:
        gold = gold.exclude(hides_verdict(reader.user, "pk"))
    return {label: list(gold.filter(gold_label=label).order_by("pk")[:MOST]) for label in labels}


LONGEST = 140
"""Maximum characters of an explanation, to fit beside the next picture."""


@dataclass(frozen=True)
class Entry:
    """A section of the field guide, its class (if any), and examples."""

    section: Section
    label: str
    examples: list[Subject]


def field_guide(workflow: Workflow, reader: Volunteer | None, search: str = "") -> list[Entry]:
    """Return the entries that contain all search words, with examples that the reader may see."""
    survey = workflow.survey
    matching = [(label, section) for label, section in guide_sections(workflow) if _has(section, search)]
    examples = examples_of(survey, {label for label, _section in matching if label}, reader)
    return [Entry(section, label, examples.get(label, [])) for label, section in matching]


def guide_sections(workflow: Workflow) -> list[tuple[str, Section]]:
    """Return class, if any, and section of the field guide in the reader's language.

    They are the built-in ones until the survey has its own.
    """
    text = current_text(workflow.survey, None, GuideKind.FIELD_GUIDE)
    if text is None:
        return list(built_in_classes(workflow))
    return [(class_of(workflow.survey, section.title), section) for section in sections(text.body)]


def class_of(survey: Survey, title: str) -> str:
    """Return a section's class, the first word of its title: “CR: cosmic rays”; or nothing."""
    words = title.replace(":", " ").split()
    known = {name.lower(): name for name in [*survey.classes, "yes", "no"]}
    return known.get(words[0].lower(), "") if words else ""


def explanation(workflow: Workflow, label: str) -> str:
    """Return the first paragraph about a class in the field guide; nothing if there is none.

    Cached for a minute, since it accompanies every answer to a training subject.
    """
    key = f"class-texts-{workflow.pk}-{reader_language()}"
    return cached_figure(key, partial(_explanations, workflow), MINUTE).get(label, "") if label else ""


def _explanations(workflow: Workflow) -> dict[str, str]:
    return {label: _short(section) for label, section in guide_sections(workflow)}


def _short(section: Section) -> str:
    if len(section.lead) <= LONGEST:
        return section.lead
    begin = section.lead[:LONGEST]
    sentences = begin.rpartition(". ")[0]
    return f"{sentences}." if sentences else f"{begin.rpartition(' ')[0]} …"


def _has(section: Section, search: str) -> bool:
    return all(word in section.text.lower() for word in search.lower().split())


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
    return {label: section.title.partition(":")[2].strip() for label, section in guide_sections(workflow)}


def _own_examples(survey: Survey, labels: list[str]) -> dict[str, str]:
    """Return pictures of gold subjects that nobody is asked about."""
    examples = examples_of(survey, labels, None) if labels else {}
    return {
        label: f"{reverse('picture', args=[rows[0].pk, rows[0].checksum])}?frame=0&size={SIZE}"
        for label, rows in examples.items()
        if rows
    }
