"""Many verdicts or case changes in one transaction: all of them or none."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.consensus.skills import truth_changed
from webapp.queue.entries import lock_in_all_workflows
from webapp.review.cases import record_change
from webapp.review.desk_news import tell_assignee
from webapp.review.models import CaseEvent, Ruling, SecondOpinion
from webapp.review.opinions import give_verdict
from webapp.review.rulings import SubjectVerdict, rule_on_all
from webapp.workflows.models import Workflow

MOST_AT_ONCE = 500


@transaction.atomic
def give_verdicts(
    workflow: Workflow, verdicts: Sequence[SubjectVerdict], *, scientist: User, overrules: bool = False
) -> list[Ruling | SecondOpinion]:
    """Give verdicts on many subjects, as `give_verdict` does on one; the last counts if a subject comes twice.

    Raises
    ------
    ValidationError
        None or more than `MOST_AT_ONCE`, a subject of another survey, or a verdict that `rule` refuses.
    """
    by_subject = {each.subject: each for each in verdicts}
    found = locked_subjects(workflow, list(by_subject))
    lock_in_all_workflows(found)  # all at once, in the order in which votes lock them
    truth_changed(found)
    judged = Ruling.objects.filter(workflow=workflow, subject__in=found, withdrawn_at=None)
    others = {subject: by_subject[subject] for subject in judged.values_list("subject", flat=True)}
    rulings = rule_on_all(
        workflow, [one for subject, one in by_subject.items() if subject not in others], scientist=scientist
    )
    results: dict[int, Ruling | SecondOpinion] = {row.subject_id: row for row in rulings}
    for pk, one in others.items():
        results[pk] = give_verdict(
            subject=found[pk], workflow=workflow, scientist=scientist, verdict=one.verdict, label=one.label,
            note=one.note, overrules=overrules,
        )  # fmt: skip
    return [results[pk] for pk in found]


@transaction.atomic
def change_cases(
    workflow: Workflow, subjects: Sequence[int], *, by: User, action: str, text: str = ""
) -> list[CaseEvent]:
    """Change many cases, as `change_case` does one; return an event for each that really changed.

    Raises
    ------
    ValidationError
        As of `give_verdicts` and `record_change`.
    """
    found = locked_subjects(workflow, subjects)
    changes = [record_change(subject=each, by=by, action=action, text=text) for each in found.values()]
    events = [event for _case, event in changes if event]
    tell_assignee(events)
    return events


def locked_subjects(workflow: Workflow, keys: Sequence[int]) -> dict[int, Subject]:
    """Return the subjects, locked in primary key order; ValidationError as of `give_verdicts`."""
    if not 0 < len(keys) <= MOST_AT_ONCE:
        raise ValidationError({"subjects": _("Select 1 to %(most)d subjects.") % {"most": MOST_AT_ONCE}})
    rows = Subject.objects.filter(survey=workflow.survey_id, pk__in=keys).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",)).select_related("survey")}
    if missing := set(keys) - set(found):
        message = _("%(survey)s has no subject %(subject)d.")
        raise ValidationError({"subjects": message % {"survey": workflow.survey, "subject": min(missing)}})
    return found
