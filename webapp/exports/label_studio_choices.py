"""The Choices of a Label Studio labelling configuration, and which of them ask for a survey's answers or classes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from xml.parsers.expat import ExpatError, ParserCreate

from django.utils.translation import gettext as _

from ml.crowd.answer import Answer
from webapp.archive.models import Survey

ANSWERS = (Answer.YES.label, Answer.NO.label)
PER_PART = ("perregion", "peritem")
MOST_TOLD = 5
MOST_CONTROLS = 50
"""Every task gets a result for each control, so thousands of them would fill the memory."""


class BadConfiguration(Exception):
    """The labelling configuration is unreadable, or lacks what the champion answers; says what."""


@dataclass(frozen=True)
class Control:
    """A Choices control about the whole task. `choices` maps a lower-case label to its spelling in results."""

    name: str
    target: str
    choices: dict[str, str] = field(default_factory=dict)

    def offers(self, label: str) -> bool:
        return label.lower() in self.choices

    def missing(self, labels: Iterable[str]) -> list[str]:
        return [label for label in labels if not self.offers(label)]

    @property
    def asks_answer(self) -> bool:
        """Return whether it offers both yes and no."""
        return not self.missing(ANSWERS)


def controls_of(configuration: str) -> list[Control]:
    """Return the Choices about whole tasks; those about each region or item are left out.

    Raises
    ------
    BadConfiguration
        It is not XML, or has a document type, which could make it expand without limit.
    """
    reader = _Reader()
    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(configuration, True)
    except (ExpatError, UnicodeEncodeError) as error:
        raise BadConfiguration(_("The labelling configuration is not readable XML: %s.") % error) from error
    return reader.found


class _Reader:
    """Collects the controls; tags and attributes are compared without case, as Label Studio does."""

    def __init__(self) -> None:
        self.found: list[Control] = []
        self.current: Control | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        given = {name.lower(): value for name, value in attributes.items()}
        if tag.lower() == "choices":
            self.current = _control(given)
            self.found += [self.current] if self.current else []
        elif tag.lower() == "choice" and self.current:
            written = given.get("alias") or given.get("value", "")
            self.current.choices.update({given.get("value", "").lower(): written, written.lower(): written})

    def end(self, tag: str) -> None:
        if tag.lower() == "choices":
            self.current = None

    def refuse(self, *_declaration: object) -> None:
        raise BadConfiguration(_("The labelling configuration must not have a DOCTYPE."))


def _control(given: dict[str, str]) -> Control | None:
    name, target = given.get("name", ""), given.get("toname", "").split(",")[0]
    is_whole = not any(given.get(part, "").lower() == "true" for part in PER_PART)
    return Control(name, target) if name and target and is_whole else None


def check_controls(controls: list[Control], survey: Survey) -> None:
    """Raise BadConfiguration unless some Choices offer both answers, or all classes of the survey; or for too many."""
    wanted = [labels for labels in (ANSWERS, survey.classes) if labels]
    lacking = {control.name: min((control.missing(labels) for labels in wanted), key=len) for control in controls}
    if lacking and not all(lacking.values()):
        if len(controls) > MOST_CONTROLS:
            raise BadConfiguration(_("It has more than %(most)d Choices about whole tasks.") % {"most": MOST_CONTROLS})
        return
    problem = _("No Choices about whole tasks offer Yes and No.")
    if survey.classes:
        classes = ", ".join(survey.classes)
        problem = _("No Choices about whole tasks offer Yes and No, or all classes (%s).") % classes
    found = [
        _("“%(control)s” lacks: %(labels)s.") % {"control": name, "labels": ", ".join(labels)}
        for name, labels in islice(lacking.items(), MOST_TOLD)
    ]
    raise BadConfiguration(" ".join([problem, *found]))
