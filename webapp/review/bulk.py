"""Many verdicts or case changes in one transaction: all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Subject
from webapp.queue.entries import lock_entries
from webapp.review.cases import change_case
from webapp.review.models import Ruling, SecondOpinion
from webapp.review.opinions import give_verdict
from webapp.workflows.models import Workflow

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Given:
    """A verdict on one subject."""

    subject: int
    verdict: str
    label: str = ""
    note: str = ""


@transaction.atomic
def give_verdicts(
    workflow: Workflow, given: Sequence[Given], *, scientist: User, overrules: bool = False
) -> list[Ruling | SecondOpinion]:
    """Give verdicts on many subjects, as `give_verdict` does on one; the last counts if a subject comes twice.

    Raises
    ------
    ValidationError
        None or more than `MOST_AT_ONCE`, a subject of another survey, or a verdict that `rule` refuses.
    """
    by_subject = {each.subject: each for each in given}
    found = _locked(workflow, list(by_subject))
    lock_entries(workflow, list(found))  # all at once, in the order in which votes lock them
    results = []
    for pk, subject in found.items():
        one = by_subject[pk]
        results.append(
            give_verdict(
                subject=subject, workflow=workflow, scientist=scientist, verdict=one.verdict, label=one.label,
                note=one.note, overrules=overrules,
            )
        )  # fmt: skip
    return results


@transaction.atomic
def change_cases(workflow: Workflow, subjects: Sequence[int], *, by: User, action: str, text: str = "") -> int:
    """Change many cases, as `change_case` does one; return how many subjects there were.

    Raises
    ------
    ValidationError
        As of `give_verdicts` and `change_case`.
    """
    found = _locked(workflow, subjects)
    for subject in found.values():
        change_case(subject=subject, by=by, action=action, text=text)
    return len(found)


def _locked(workflow: Workflow, keys: Sequence[int]) -> dict[int, Subject]:
    """Return the subjects, locked in primary key order."""
    if not 0 < len(keys) <= MOST_AT_ONCE:
        raise ValidationError({"subjects": _("Select 1 to %(most)d subjects.") % {"most": MOST_AT_ONCE}})
    rows = Subject.objects.filter(survey=workflow.survey_id, pk__in=keys).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",)).select_related("survey")}
    if missing := set(keys) - set(found):
        message = _("%(survey)s has no subject %(subject)d.")
        raise ValidationError({"subjects": message % {"survey": workflow.survey, "subject": min(missing)}})
    return found
