"""The verdict panel, the same on every page: what stands, what colleagues think, the case, and the buttons."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from webapp.archive.models import Membership, Role, Subject, Survey
from webapp.consensus.models import Consensus
from webapp.core.stencils import Stencils
from webapp.learning.model_roles import classes_of
from webapp.queue.models import QueueEntry
from webapp.review.models import Case, Ruling, SecondOpinion
from webapp.workflows.models import Workflow


@dataclass
class Panel:
    """What one scientist sees and can do about one subject."""

    subject: Subject
    workflow: Workflow
    reader: User
    ruling: Ruling | None = None
    case: Case | None = None
    opinions: list[SecondOpinion] = field(default_factory=list)

    @property
    def own(self) -> Ruling | SecondOpinion | None:
        """The reader's own standing verdict."""
        if self.ruling is not None and self.ruling.scientist_id == self.reader.pk:
            return self.ruling
        return next((each for each in self.opinions if each.scientist_id == self.reader.pk), None)

    @property
    def is_conflict(self) -> bool:
        return self.ruling is not None and any(each.verdict != self.ruling.verdict for each in self.opinions)

    @property
    def can_overrule(self) -> bool:
        """Whether the reader's next verdict settles a conflict: only those who have given one settle it."""
        return self.is_conflict and self.own is not None

    @property
    def awaits_opinion(self) -> bool:
        """Whether a second opinion was asked for, and none was given since."""
        asked = self.ruling.second_asked_at if self.ruling is not None else None
        return asked is not None and all(each.created_at < asked for each in self.opinions)

    @property
    def is_blind(self) -> bool:
        """Whether the colleague's verdict is folded away, as by `hidden_from`: an independent opinion is wanted."""
        return self.awaits_opinion and self.own is None

    @property
    def is_untouched(self) -> bool:
        """Whether no scientist has done anything to it: such panels differ by their subjects only."""
        return self.ruling is None and self.case is None

    @property
    def choices(self) -> tuple[bool, ...]:
        """Return all that its forms depend on, besides the subject's key and the page."""
        case = self.case or Case()
        has_verdicts = self.ruling is not None, self.own is not None
        return *has_verdicts, self.can_overrule, self.awaits_opinion, case.is_on_hold, case.assignee_id is not None


def panels_of(workflow: Workflow, subjects: Iterable[Subject], reader: User) -> dict[int, Panel]:
    """Return the panels of some subjects, by their keys, in three queries at most."""
    panels = {subject.pk: Panel(subject, workflow, reader) for subject in subjects}
    standing = Ruling.objects.filter(workflow=workflow, subject__in=panels, withdrawn_at=None)
    rulings = list(standing.select_related("scientist"))
    for ruling in rulings:
        panels[ruling.subject_id].ruling = ruling
    opinions = SecondOpinion.objects.filter(ruling__in=rulings, withdrawn_at=None)
    for opinion in opinions.select_related("scientist", "ruling"):
        panels[opinion.ruling.subject_id].opinions.append(opinion)
    for case in Case.objects.filter(subject__in=panels).select_related("assignee"):
        panels[case.subject_id].case = case
    return panels


def panel_of(workflow: Workflow, subject: Subject, reader: User) -> Panel:
    return panels_of(workflow, [subject], reader)[subject.pk]


def panel_context(survey: Survey) -> dict[str, Any]:
    """Return what a page's panels share: the fine classes by side, if any, the scientists, and stencils of rows."""
    classes = classes_of(survey)
    people = Membership.objects.at_least(Role.SCIENTIST).filter(survey=survey, user__is_active=True)
    return {
        "survey": survey,
        "stencils": Stencils(),
        "real": classes.positive if survey.classes else (),
        "bogus": classes.negative if survey.classes else (),
        "scientists": list(people.order_by("user__username").values_list("user__username", flat=True)),
    }


def workflow_of(survey: Survey, subject: Subject, slug: str = "") -> Workflow | None:
    """Return the requested workflow, or else one that knows the subject: no practice if possible, then with votes."""
    workflows = Workflow.objects.filter(survey=survey, kind=subject.kind).select_related("survey")
    if slug:
        return workflows.filter(slug=slug).first()
    of_subject = {"workflow": OuterRef("pk"), "subject": subject}
    is_summed, is_asked = (Exists(rows.objects.filter(**of_subject)) for rows in (Consensus, QueueEntry))
    known = workflows.annotate(is_known=is_summed | is_asked, is_summed=is_summed)
    return known.order_by("-is_known", "is_training", "-is_summed", "name").first()
