"""Built-in guides by kind of subject: what every survey's pages say until its own people write better.

The pictures are simulated (`manage.py guide_pictures`), and say so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.staticfiles.finders import find
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import override

from webapp.archive.models import Kind, Survey
from webapp.core.markdown import Section
from webapp.guides.built_in_words import (
    CLASSES,
    DRAW,
    DRAW_HELP,
    DRAW_IN_A_FRAME,
    DRAW_IN_A_FRAME_HELP,
    HELP,
    STEPS,
    Step,
)
from webapp.guides.models import GuideKind
from webapp.workflows.models import Workflow

PLANES = {"tracklet": 4, "dithers": 3, "cube": 4, "stamp": 1, "cutout": 1}
SIDE, GAP = 120, 2
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Picture:
    """A simulated example: its planes side by side."""

    name: str
    address: str
    width: int
    height: int


def lesson_of(survey: Survey, kind: str) -> str:
    """Return what is taught about subjects of a kind: stamps whose channels are numbered ("dither 1") are dithers."""
    stems = {NUMBER.sub("", name) for name in survey.channels}
    are_numbered = len(survey.channels) > 1 and all(NUMBER.search(name) for name in survey.channels)
    return "dithers" if kind == Kind.STAMP and are_numbered and len(stems) == 1 else str(kind)


def picture_of(lesson: str, label: str) -> Picture | None:
    """Return the simulated example of a class; None if there is none."""
    name = f"{lesson}-{label.lower()}"
    path = f"guides/pictures/{name}.webp"
    if not label.isalnum() or find(path) is None:
        return None
    side = 3 * SIDE if lesson == "cutout" else SIDE
    return Picture(name, static(path), PLANES[lesson] * (side + GAP) - GAP, side)


def built_in_steps(workflow: Workflow) -> list[Section]:
    """Return the steps of the built-in tutorial."""
    lesson = lesson_of(workflow.survey, workflow.kind)
    return [_section(str(title), str(text), picture_of(lesson, label)) for title, text, label in _steps(workflow)]


def built_in_help(workflow: Workflow) -> SafeString:
    """Return the built-in help: when to answer what."""
    return format_html_join("", "<p>{}</p>", ((text,) for text in _help(workflow)))


def built_in_classes(workflow: Workflow) -> Iterator[tuple[str, Section]]:
    """Yield label and section of each of the survey's classes that the site knows, or of yes and no; then of others."""
    lesson = lesson_of(workflow.survey, workflow.kind)
    for name, text, label in _classes(workflow):
        title = capfirst(name)
        section = _section(title, text, picture_of(lesson, label)) if text else Section(title, SafeString(), title, "")
        yield label, section


def built_in_markdown(workflow: Workflow, kind: str, language: str) -> str:
    """Return a built-in text as somebody would write it in Markdown, without its pictures."""
    with override(language):
        if kind == GuideKind.HELP:
            return "\n\n".join(str(text) for text in _help(workflow))
        parts = _steps(workflow) if kind == GuideKind.TUTORIAL else _classes_to_edit(workflow)
        return "\n\n".join(f"# {title}\n\n{text}".strip() for title, text, _label in parts)


def _steps(workflow: Workflow) -> list[Step]:
    """Return the steps, with one about lines before the last if the workflow asks for them."""
    steps = STEPS[lesson_of(workflow.survey, workflow.kind)]
    if not workflow.line_marking:
        return steps
    return [*steps[:-1], DRAW_IN_A_FRAME if _has_frames(workflow) else DRAW, steps[-1]]


def _help(workflow: Workflow) -> list[Promise]:
    """Return the sentences of the help, with one about lines if the workflow asks for them."""
    sentences = HELP[lesson_of(workflow.survey, workflow.kind)]
    if not workflow.line_marking:
        return sentences
    return [*sentences, DRAW_IN_A_FRAME_HELP if _has_frames(workflow) else DRAW_HELP]


def _has_frames(workflow: Workflow) -> bool:
    """Return whether subjects have several frames, so that a line belongs to one of them."""
    return PLANES[lesson_of(workflow.survey, workflow.kind)] > 1


def _classes(workflow: Workflow) -> Iterator[tuple[str, str, str]]:
    """Yield name, text and label of each class; the text is empty where the site knows none."""
    survey, known = workflow.survey, CLASSES[lesson_of(workflow.survey, workflow.kind)]
    for label in [name for name in survey.classes if name in known] or ["yes", "no"]:
        name, text = known[label]
        yield str(name), str(text), label
    yield from ((label, "", label) for label in survey.classes if label not in known)


def _classes_to_edit(workflow: Workflow) -> Iterator[tuple[str, str, str]]:
    """Yield the same with titles by which the field guide finds the class again: “CR: cosmic ray”."""
    for name, text, label in _classes(workflow):
        is_plain = label in ("yes", "no") or label.casefold() == name.casefold()
        yield capfirst(name) if is_plain else _("%(label)s: %(name)s") % {"label": label, "name": name}, text, label


def name_of_class(lesson: str, label: str) -> Promise | str:
    """Return a class's full name; the label itself if the site does not know it."""
    name, _text = CLASSES[lesson].get(label, (label, ""))
    return name


def _section(title: str, text: str, picture: Picture | None) -> Section:
    shown = format_html("<p>{}</p>", text)
    if picture:
        shown = format_html(
            '<p class="sample"><img src="{}" width="{}" height="{}" alt="{}" loading="lazy"><small>{}</small></p>{}',
            picture.address,
            picture.width,
            picture.height,
            _("Example: %(title)s") % {"title": title},
            _("Simulated example"),
            shown,
        )
    return Section(title, shown, f"{title} {text}", text)
