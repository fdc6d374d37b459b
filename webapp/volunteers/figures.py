"""The live figures of a survey, as its volunteers see them."""

from functools import partial

from django.db.models import Count, Q

from webapp.archive.models import Subject, Survey
from webapp.core.cached_figures import kept
from webapp.volunteers.models import Classification, QueueEntry


def figures_of(survey: Survey) -> dict[str, int]:
    """Return counts of `subjects`, `answers`, `simulated` answers among them, `people`, `settled` and `found`.

    Settled subjects are retired ones; found are asteroids and other movers that scientists confirmed. The figures
    are kept for a while (`webapp.core.cached_figures`): counting a large table takes longer than showing a page should.
    """
    return kept(f"figures-{survey.pk}", partial(_count, survey))


def _count(survey: Survey) -> dict[str, int]:
    answers = Classification.objects.filter(workflow__survey=survey, withdrawn_at=None)
    counted = answers.aggregate(
        answers=Count("pk"),
        simulated=Count("pk", filter=Q(volunteer__is_simulated=True)),
        people=Count("volunteer", distinct=True, filter=Q(volunteer__is_simulated=False)),
    )
    settled = QueueEntry.objects.filter(workflow__survey=survey, is_retired=True).values("subject").distinct().count()
    ruled = Subject.objects.filter(survey=survey, gold_source="ruling")
    found = ruled.filter(gold_label__in=["yes", *survey.positive]).count()
    return {
        "subjects": Subject.objects.observed().filter(survey=survey).count(),
        "settled": settled,
        "found": found,
        **counted,
    }
