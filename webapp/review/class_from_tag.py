"""Turn a tag into a class: a follow-up that volunteers can choose, with tagged subjects as its first examples."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from webapp.archive.models import Subject, Survey
from webapp.archive.survey_settings import change_measured
from webapp.archive.target_leakage import leaky_columns
from webapp.community.tags import tagged
from webapp.learning.model_roles import classes_of
from webapp.queue.membership import end_training
from webapp.review.bulk import give_verdicts
from webapp.review.models import Ruling, Verdict
from webapp.review.rulings import SubjectVerdict
from webapp.workflow_settings.change_workflow import change_workflow
from webapp.workflows.models import Workflow

MOST_SHOWN = 96


def possible_examples(survey: Survey, name: str) -> QuerySet[Subject]:
    """Return the newest subjects with a tag on which a scientist can rule, at most `MOST_SHOWN`."""
    observed = {"is_synthetic": False, "pixels_dropped_at": None}
    rows = tagged(survey, name, with_scientists=True).filter(duplicate_of=None, **observed)
    return rows.order_by("-pk")[:MOST_SHOWN]


@transaction.atomic
def make_class(*, by: User, workflow: Workflow, label: str, answer: str, examples: Sequence[int]) -> int:
    """Add a class to the survey, offer it as a follow-up, and rule that subjects are examples; return how many became.

    A class that exists only gains what it lacks. A subject with a colleague's verdict gets a second opinion and is no
    example. Guides and follow-ups show the examples, so they are never asked again, not even for training.

    Parameters
    ----------
    by
        The scientist; the caller must check the permission.
    answer
        The answer that the class belongs to: "yes" for real movers, "no" for everything else.
    examples
        Keys of the subjects, at most `MOST_AT_ONCE`.

    Raises
    ------
    ValidationError
        The survey has no classes, this one belongs to the other answer, or a verdict is refused. Nothing is changed.
    """
    leaky = leaky_columns(workflow.survey) if label not in workflow.survey.classes else workflow.survey.leaky_columns
    workflow.survey = _with_class(workflow.survey_id, label, answer, leaky)
    offered = workflow.follow_ups.get(answer, [])
    if label not in offered:
        follow_ups = {**workflow.follow_ups, answer: [*offered, label]}
        change_workflow(workflow=workflow, subject_sets=workflow.subject_sets.all(), by=by, follow_ups=follow_ups)
    if not examples:
        return 0
    given = give_verdicts(workflow, [SubjectVerdict(pk, answer, label) for pk in examples], scientist=by)
    ruled = [each.subject_id for each in given if isinstance(each, Ruling)]
    end_training(ruled)
    return len(ruled)


def _with_class(survey: int, label: str, answer: str, leaky: dict[str, float]) -> Survey:
    """Return the survey, locked, with the class; its leaky columns are measured before anybody waits for the lock."""
    row = Survey.objects.select_for_update(no_key=True).get(pk=survey)
    classes = classes_of(row)
    if classes.names != tuple(row.classes):
        message = _("%(survey)s has no classes yet. List its classes, real and bogus, in Settings first.")
        raise ValidationError({"label": message % {"survey": row}})
    if label in classes.names:
        if classes.answer(label) != answer:
            message = _("%(label)s already belongs to the other answer. Choose that answer, or another name.")
            raise ValidationError({"label": message % {"label": label}})
        return row
    positive = [*row.positive, label] if answer == Verdict.YES else row.positive
    return change_measured(survey=row, leaky=leaky, classes=[*row.classes, label], positive=positive)
