"""Tutorial of a workflow: shown once for each version, and resumed where the volunteer left it."""

from dataclasses import dataclass

from django.utils import timezone

from webapp.core.markdown import Section, sections
from webapp.guides.models import GuideKind, GuideText, TutorialProgress
from webapp.guides.texts import current_text
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow


@dataclass(frozen=True)
class Tutorial:
    """The version that a reader gets, its steps, and how far they are."""

    text: GuideText
    steps: list[Section]
    step: int
    is_finished: bool


def tutorial_of(workflow: Workflow, volunteer: Volunteer | None) -> Tutorial | None:
    """Return the workflow's tutorial for a reader; None where nobody has written one."""
    text = current_text(workflow.survey, workflow, GuideKind.TUTORIAL)
    if text is None:
        return None
    steps = sections(text.body)
    seen = TutorialProgress.objects.filter(volunteer=volunteer, text=text).first() if volunteer else None
    step = min(seen.step, len(steps) - 1) if seen else 0
    return Tutorial(text, steps, step, is_finished=bool(seen and seen.finished_at))


def note_step(*, volunteer: Volunteer, tutorial: Tutorial, step: int, is_finished: bool) -> TutorialProgress:
    """Keep how far a volunteer is. Who has finished once has finished, also when they read it again."""
    step = max(0, min(step, len(tutorial.steps) - 1))
    row, _ = TutorialProgress.objects.get_or_create(volunteer=volunteer, text=tutorial.text)
    row.step = step
    row.finished_at = row.finished_at or (timezone.now() if is_finished else None)
    row.save(update_fields=["step", "finished_at"])
    return row


def hand_over(visitor: Volunteer, account: Volunteer) -> None:
    """Give what a visitor has read to their account, where it has not read the same."""
    known = TutorialProgress.objects.filter(volunteer=account).values("text")
    TutorialProgress.objects.filter(volunteer=visitor).exclude(text__in=known).update(volunteer=account)
