"""Access levels: a workflow is unlocked by skill measured in a workflow of the level below."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.archive.models import Survey
from webapp.consensus.evidence import Proportion, proportion_of
from webapp.consensus.models import Skill
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

FEWEST = 10
"""Minimum answers to training subjects of each class to unlock a level."""


@dataclass(frozen=True)
class Gate:
    """Whether a volunteer may answer a workflow; if not, what is missing, and where to show it."""

    is_open: bool
    missing: tuple[str, ...] = ()
    way: Workflow | None = None

    @property
    def sentence(self) -> str:
        if self.way is None:
            return " ".join(self.missing)
        begin = _("To unlock this workflow, show skill in “%(workflow)s”.") % {"workflow": self.way}
        missing = _("Still missing: %(what)s.") % {"what": "; ".join(self.missing)}
        return f"{begin} {missing}"


def sensitivity(skill: Skill | None) -> Proportion:
    """Return the fraction of real movers recognised, among those answered with yes or no."""
    return _recognised(skill.true_yes_said_yes, skill.true_yes_said_no) if skill else _recognised(0, 0)


def specificity(skill: Skill | None) -> Proportion:
    """Return the fraction of bogus subjects recognised, among those answered with yes or no."""
    return _recognised(skill.true_no_said_no, skill.true_no_said_yes) if skill else _recognised(0, 0)


def _recognised(right: int, wrong: int) -> Proportion:
    return proportion_of(right, right + wrong)


def gate_of(workflow: Workflow, volunteer: Volunteer | None) -> Gate:
    """Return whether the volunteer may answer the workflow: the first level is open to everybody.

    Skill shown in a workflow that has closed since still counts, but only open ones are a way to show it.
    """
    if workflow.level <= 1:
        return Gate(is_open=True)
    below = list(Workflow.objects.filter(survey=workflow.survey_id, level=workflow.level - 1).order_by("name"))
    skills = {skill.workflow_id: skill for skill in Skill.objects.filter(volunteer=volunteer, workflow__in=below)}
    lacks = {each: missing_in(skills.get(each.pk), workflow.required_skill) for each in below}
    if not all(lacks.values()):
        return Gate(is_open=True)
    ways = [each for each in below if each.is_active]
    if not ways:
        return Gate(False, (_closed_below(workflow),))
    way = min(ways, key=lambda each: (len(lacks[each]), -_answered(skills.get(each.pk))))
    return Gate(False, tuple(lacks[way]), way)


def _closed_below(workflow: Workflow) -> str:
    sentence = _("To unlock this workflow, show skill at level %(level)d. No workflow is open there right now.")
    return sentence % {"level": workflow.level - 1}


def unreachable_workflows(survey: Survey) -> list[Workflow]:
    """Return the survey's open workflows that nobody can unlock now, as none is open at the level below."""
    below = Workflow.objects.filter(survey=survey, level=OuterRef("level") - 1, is_active=True)
    rows = Workflow.objects.filter(~Exists(below), survey=survey, level__gt=1, is_active=True)
    return list(rows.order_by("level", "name"))


def missing_in(skill: Skill | None, wanted: float) -> list[str]:
    """Return what a record lacks to unlock, most important first; nothing if it unlocks."""
    real, bogus = sensitivity(skill), specificity(skill)
    few = [(real, _more_real), (bogus, _more_bogus)]
    missing = [say(FEWEST - proportion.n) for proportion, say in few if proportion.n < FEWEST]
    return missing + _uncertain(real, bogus, wanted)


def _more_real(n: int) -> str:
    sentence = ngettext("%(n)d more practice image with a real mover", "%(n)d more practice images with real movers", n)
    return sentence % {"n": n}


def _more_bogus(n: int) -> str:
    sentence = ngettext("%(n)d more practice image with a bogus one", "%(n)d more practice images with bogus ones", n)
    return sentence % {"n": n}


def _uncertain(real: Proportion, bogus: Proportion, wanted: float) -> list[str]:
    """Return the skills that are too low, cut to two decimals: rounded, 0.799 would be “0.80 of 0.80”."""
    names: Sequence[tuple[Proportion, str]] = [
        (real, _("skill with real movers: %(is)s of %(wanted)s")),
        (bogus, _("skill with bogus ones: %(is)s of %(wanted)s")),
    ]
    return [
        sentence % {"is": number_format(proportion.low, 2), "wanted": number_format(wanted, 2)}
        for proportion, sentence in names
        if proportion.n >= FEWEST and proportion.low < wanted
    ]


def _answered(skill: Skill | None) -> int:
    return sensitivity(skill).n + specificity(skill).n
